import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Outbox } from "../../../../src/transport/http2/outbox.js";
import { SocketDouble } from "./socket-double.js";

const pageBytes = 64 * 1024;

function setup({ prompt = true } = {}) {
  const double = new SocketDouble();
  double.prompt = prompt;
  return { double, outbox: new Outbox(double.socket) };
}

function put(outbox: Outbox, length: number, value: number): void {
  const at = outbox.reserve(length);
  outbox.bytes.fill(value, at, at + length);
  outbox.commit(at + length);
}

function write(outbox: Outbox, length: number, value = 0): void {
  put(outbox, length, value);
  outbox.flush();
}

const isPage = ({ buffer }: Buffer): boolean => buffer.byteLength === pageBytes;

describe("a socket that takes all at once", () => {
  test("is written the same page again and again", () => {
    const { double, outbox } = setup();
    for (let writes = 0; writes < 100; writes++) write(outbox, 100, writes);
    const [, second, ...others] = double.writes as [Buffer, Buffer, ...Buffer[]];
    expect(isPage(second)).toBe(true);
    for (const other of others) expect(other.buffer).toBe(second.buffer);
  });

  test("is written a page as soon as it is full, and the rest at the end of the tick", () => {
    const { double, outbox } = setup();
    for (let messages = 0; messages < 1000; messages++) put(outbox, 100, messages);
    expect(double.writes.map(({ length }) => length)).toEqual([65_500]);
    outbox.flush();
    expect(double.taken).toHaveLength(100_000);
    for (let messages = 0; messages < 1000; messages++) expect(double.taken[100 * messages]).toBe(messages & 0xff);
  });

  test("shares its page with the next connection", () => {
    const [one, other] = [setup(), setup()];
    for (let writes = 0; writes < 10; writes++) {
      write(one.outbox, 100);
      write(other.outbox, 100);
    }
    expect(one.double.writes.at(-1)?.buffer).toBe(other.double.writes.at(-1)?.buffer);
  });
});

describe("a socket that takes its time", () => {
  test("holds on to little more than is to be written, however small the writes", () => {
    const { double, outbox } = setup();
    write(outbox, 100);
    double.prompt = false;
    for (let writes = 0; writes < 1000; writes++) write(outbox, 100, writes);
    expect(double.heldBytes).toBeLessThan(3 * pageBytes); // 1000 of them would be 64 MiB
    expect(outbox.unsentBytes).toBe(100_000);
    double.take();
    const said = double.taken.subarray(100);
    for (let writes = 0; writes < 1000; writes++) expect(said[100 * writes + 50]).toBe(writes & 0xff);
  });

  test("holds on to no page for the headers of what is passed on", () => {
    const { double, outbox } = setup({ prompt: false });
    const payload = Buffer.alloc(4096);
    for (let writes = 0; writes < 100; writes++) {
      put(outbox, 9, writes);
      outbox.pass(payload);
      outbox.flush();
    }
    expect(double.writes).toHaveLength(200);
    expect(double.writes.filter(isPage)).toEqual([]);
  });

  test("is given no page for small writes that are taken only after each, as under TLS", () => {
    const { double, outbox } = setup({ prompt: false });
    for (let writes = 0; writes < 2000; writes++) {
      write(outbox, 100, writes);
      double.take();
    }
    expect(double.writes.filter(isPage)).toEqual([]);
    expect(double.taken).toHaveLength(200_000);
  });

  test("is given the page itself where most of it is full, and nobody writes into it any more", () => {
    const { double, outbox } = setup({ prompt: false });
    write(outbox, 50_000, 1);
    write(outbox, 50_000, 2);
    const [first, second] = double.writes as [Buffer, Buffer];
    expect([first, second].every(isPage)).toBe(true);
    expect(first.buffer).not.toBe(second.buffer);
    double.take();
    expect(double.taken).toEqual(Buffer.concat([Buffer.alloc(50_000, 1), Buffer.alloc(50_000, 2)]));
  });

  test("that has caught up is written pages again", () => {
    const { double, outbox } = setup({ prompt: false });
    write(outbox, 100);
    double.take();
    double.prompt = true;
    write(outbox, 100); // is taken at once: the next are trusted to be, too
    write(outbox, 100);
    write(outbox, 100);
    const [third, fourth] = double.writes.slice(2) as [Buffer, Buffer];
    expect(isPage(third)).toBe(true);
    expect(fourth.buffer).toBe(third.buffer);
  });
});

test("what leaves is what was put, in its order, whatever is passed on and whenever the system takes it", () => {
  const deeds = fc.oneof(
    fc.record({ deed: fc.constant("put" as const), length: fc.integer({ min: 1, max: 80_000 }) }),
    fc.record({ deed: fc.constant("put" as const), length: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ deed: fc.constant("pass" as const), length: fc.integer({ min: 1, max: 80_000 }) }),
    fc.record({ deed: fc.constantFrom("flush" as const, "take" as const, "prompt" as const, "slow" as const) }),
  );
  fc.assert(
    fc.property(fc.array(deeds, { maxLength: 60 }), (history) => {
      const { double, outbox } = setup();
      const said: Buffer[] = [];
      history.forEach((each, value) => {
        if (each.deed === "put") put(outbox, each.length, value);
        else if (each.deed === "pass") outbox.pass(Buffer.alloc(each.length, value));
        else if (each.deed === "flush") outbox.flush();
        else if (each.deed === "take") double.take();
        else double.prompt = each.deed === "prompt";
        if (each.deed === "put" || each.deed === "pass") said.push(Buffer.alloc(each.length, value));
      });
      outbox.flush();
      double.take();
      expect(double.taken.equals(Buffer.concat(said))).toBe(true);
      expect(outbox.unsentBytes).toBe(0);
    }),
    { numRuns: 50 },
  );
});
