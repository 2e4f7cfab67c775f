import { describe, expect, test } from "vitest";
import { Code, RpcError } from "../../src/errors/errors.js";
import { Publication } from "../../src/registry/publication.js";
import { instance } from "../conformance/registry.js";
import { ManualClock } from "../support/manual-clock.js";

function setup() {
  const clock = new ManualClock(0);
  const options = { registryName: "test", hint: "ask the test", clock };
  return { clock, publication: new Publication(instance("orders-1"), options) };
}

const refused = new RpcError(Code.PERMISSION_DENIED, "test: not you");
const away = new RpcError(Code.UNAVAILABLE, "test: out to lunch");

describe("what one registration wants the backend to know", () => {
  test("is registered once the backend has its first version, or a later one", async () => {
    const { clock, publication } = setup();
    const registered = publication.registered(100);
    publication.replace(instance("orders-1", { weight: 7 }));
    publication.confirm(2);
    await registered;
    await publication.registered(100);
    expect(clock.pending).toBe(0);
  });

  test("is given up when time is up, with the last reason and the hint", async () => {
    const { clock, publication } = setup();
    const registered = publication.registered(100);
    publication.fail(new Error("not yet"));
    publication.fail(away);
    clock.advance(100);
    const error = (await registered.catch((reason: unknown) => reason)) as RpcError;
    expect([error.code, error.cause]).toEqual([Code.UNAVAILABLE, away]);
    expect(error.message).toBe(
      'test: "orders-1" could not be registered within 100 ms (UNAVAILABLE: out to lunch); ask the test',
    );
  });

  test("is given up at once only where trying again is pointless", async () => {
    const { clock, publication } = setup();
    const registered = publication.registered(Number.POSITIVE_INFINITY);
    publication.fail(refused);
    await expect(registered).rejects.toBe(refused);
    expect(clock.pending).toBe(0);
  });

  test("an update resolves with its own version, not with an earlier one", async () => {
    const { clock, publication } = setup();
    publication.replace(instance("orders-1", { weight: 7 }));
    let done = false;
    const updated = publication.updated().then(() => {
      done = true;
    });
    publication.confirm(1);
    await clock.run(0);
    expect(done).toBe(false);
    publication.confirm(2);
    await updated;
    await publication.updated();
  });

  test("an update that could not be told rejects, and is published with the next", async () => {
    const { publication } = setup();
    publication.replace(instance("orders-1", { weight: 7 }));
    const updated = publication.updated();
    publication.fail(refused);
    await expect(updated).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringContaining("could not be updated now (PERMISSION_DENIED: not you)"),
    });
    expect([publication.version, publication.instance.weight]).toEqual([2, 7]);
  });

  test("what this backend cannot carry is refused, and changes nothing", () => {
    const check = ({ weight }: { weight: number }) => {
      if (weight > 100) throw new TypeError("too heavy");
    };
    const options = { registryName: "test", hint: "", clock: new ManualClock(0), check };
    expect(() => new Publication(instance("orders-1", { weight: 101 }), options)).toThrow("too heavy");
    const publication = new Publication(instance("orders-1"), options);
    expect(() => publication.replace(instance("orders-1", { weight: 101 }))).toThrow("too heavy");
    expect([publication.version, publication.instance.weight]).toEqual([1, 100]);
  });
});
