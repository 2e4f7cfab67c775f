import { describe, expect, test } from "vitest";
import { Code } from "../../../../src/errors/errors.js";
import { eventually } from "../../../support/eventually.js";
import { Ambush, requestOn } from "../../../support/http2/ambush.js";
import { ErrorCode, largestWindow, preface, Setting } from "../../../support/http2/constants.js";
import { data, headers, ping, reset, settings, settingsAck, windowUpdate } from "../../../support/http2/frames.js";
import {
  answerTo,
  echoRequest,
  echoResponse,
  message,
  okTrailer,
  requestFields,
  responseFields,
} from "../../../support/http2/grpc.js";
import type { RawPeer } from "../../../support/http2/raw-peer.js";
import {
  isGoaway,
  isHeaders,
  isPingAck,
  isWindowUpdate,
  type WindowUpdateFrame,
} from "../../../support/http2/received.js";
import { expectCall, Siege, type SiegeOptions } from "../../../support/http2/siege.js";
import { memoryInUse } from "../../../support/memory-in-use.js";
import { forever } from "../../../support/moment.js";

const mebibyte = 1024 * 1024;

/** As wide as windows can be: only the socket holds the server back. */
const openWindows = [
  preface,
  settings([[Setting.INITIAL_WINDOW_SIZE, largestWindow]]),
  windowUpdate(0, largestWindow - 65_535),
];

describe("a client that asks and does not read (internal data buffering, CVE-2019-9517)", () => {
  test("holds up the stream it asked for: its handler waits", async () => {
    const most = 4096;
    let produced = 0;
    const siege = await Siege.lay({
      handlers: {
        async *serverStream() {
          for (; produced < most; produced++) yield { payload: Buffer.alloc(64 * 1024) };
        },
      },
    });
    const attacker = await siege.attacker({ greeting: openWindows });
    await attacker.next();
    attacker.socket.pause();
    attacker.write(headers(1, requestFields("ServerStream")), data(1, echoRequest(), { end: true }));
    for (let rounds = 0; rounds < 100; rounds++) await siege.expectUntouched();
    expect(produced).toBeGreaterThan(0);
    expect(produced).toBeLessThan(most / 4); // what the system holds, and a little of ours
  });

  test("and opens no window (zero-window flood): each handler waits, and all of them end with the connection", async () => {
    const streams = 200;
    let produced = 0;
    const siege = await Siege.lay({
      maxConcurrentStreams: streams,
      handlers: {
        async *serverStream() {
          for (let row = 0; row < 1000; row++, produced++) yield { payload: Buffer.alloc(10_000) };
        },
      },
    });
    const attacker = await siege.attacker({ greeting: [preface, settings([[Setting.INITIAL_WINDOW_SIZE, 0]])] });
    const before = await memoryInUse();
    for (let calls = 0; calls < streams; calls++) {
      const id = attacker.nextId();
      attacker.write(headers(id, requestFields("ServerStream")), data(id, echoRequest(), { end: true }));
      await attacker.next(isHeaders(id));
    }
    await siege.expectUntouched();
    expect(siege.handlers.running).toBe(streams);
    expect(produced).toBeLessThan(streams * 10); // 64 KiB wait for each stream, and one row more
    expect((await memoryInUse()) - before).toBeLessThan(streams * 128 * 1024);
    await attacker.close();
    await eventually(() => expect(siege.handlers.running).toBe(0));
    await siege.expectUntouched();
  });

  test("loses its connection where the answers are header fields alone, which no window holds back", async () => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker({ greeting: openWindows });
    await attacker.next();
    attacker.socket.pause();
    const kilobytes = 8;
    const request = data(0, echoRequest({ failCode: Code.NOT_FOUND, failMessage: "x".repeat(kilobytes * 1024) }), {
      end: true,
    });
    let calls = 0;
    for (; calls < 8000 && attacker.open; calls += 50) {
      const batch = Array.from({ length: 50 }, () => {
        const id = attacker.nextId();
        const body = Buffer.from(request);
        body.writeUInt32BE(id, 5);
        return Buffer.concat([headers(id, requestFields()), body]);
      });
      attacker.write(...batch);
      await siege.expectUntouched();
    }
    expect(siege.handlers.asked * kilobytes * 1024).toBeLessThan(32 * mebibyte);
    attacker.socket.resume();
    await siege.expectUntouched();
  });

  test("makes a server hold little more than the answers to it, however many and small they are", async () => {
    const calls = 1000;
    const siege = await Siege.lay({
      handlers: {
        async *serverStream() {
          for (;;) yield { payload: Buffer.alloc(64 * 1024) };
        },
      },
    });
    const attacker = await siege.attacker({ greeting: openWindows });
    await attacker.next();
    attacker.socket.pause();
    const filling = attacker.nextId();
    attacker.write(headers(filling, requestFields("ServerStream")), data(filling, echoRequest(), { end: true }));
    for (let rounds = 0; rounds < 100; rounds++) await siege.expectUntouched();
    const before = await memoryInUse();
    for (let asked = 0; asked < calls; asked++) {
      attacker.write(headers(attacker.nextId(), requestFields(), { end: true }));
      await siege.expectUntouched();
    }
    expect((await memoryInUse()) - before).toBeLessThan((calls * 64 * 1024) / 4); // a page for each would be 64 MiB
  });

  test("is cut off, in time, once it takes nothing of what it was told", async () => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker();
    attacker.socket.pause();
    attacker.write(windowUpdate(0, 0));
    await siege.expectUntouched();
    siege.clock.advance(10_000);
    attacker.socket.resume();
    await attacker.closed;
    await siege.expectUntouched();
  });
});

describe("a client that sends what nobody reads", () => {
  /** Sends on one stream what the windows allow. @returns how many bytes that were */
  async function fill(siege: Siege, streams: number, piece: Buffer): Promise<number> {
    const attacker = await siege.attacker({ answers: false }); // nor PINGs: windows stay as they are
    const window = attacker.received.find(({ kind }) => kind === "settings") as
      | { values: ReadonlyMap<number, number> }
      | undefined;
    const ids = Array.from({ length: streams }, () => attacker.nextId());
    for (const id of ids) attacker.write(headers(id, requestFields("ClientStream")));
    const perStream = window?.values.get(Setting.INITIAL_WINDOW_SIZE) ?? 65_535;
    const left = new Map(ids.map((id) => [id, perStream]));
    let sent = 0;
    for (let more = true; more && sent < 256 * mebibyte; ) {
      more = false;
      for (const id of ids) {
        const granted = (of: number): number =>
          attacker.received
            .filter(isWindowUpdate(of))
            .reduce((sum, frame) => sum + (frame as { increment: number }).increment, 0);
        const room = Math.min(65_535 + granted(0) - sent, (left.get(id) as number) + granted(id) - 0);
        if (room < piece.length) continue;
        const count = Math.min(Math.floor(room / piece.length), Math.ceil(mebibyte / piece.length));
        const frames = Array.from({ length: count }, () => data(id, piece));
        await attacker.flood(1, () => frames);
        left.set(id, (left.get(id) as number) - count * piece.length);
        sent += count * piece.length;
        more = true;
      }
      await siege.expectUntouched();
    }
    expect(attacker.received.filter(isGoaway)).toEqual([]);
    return sent;
  }

  const deaf: SiegeOptions = { handlers: { clientStream: () => forever } };

  test("is stopped by the window of its stream", async () => {
    const siege = await Siege.lay(deaf);
    const before = await memoryInUse();
    const sent = await fill(siege, 1, message(Buffer.alloc(10_000)));
    expect(sent).toBeLessThan(4 * mebibyte);
    expect((await memoryInUse()) - before).toBeLessThan(16 * mebibyte);
  });

  test("is stopped by the window of its connection where it has many streams", async () => {
    const siege = await Siege.lay(deaf);
    const before = await memoryInUse();
    const sent = await fill(siege, 100, message(Buffer.alloc(10_000)));
    expect(sent).toBeLessThan(40 * mebibyte);
    expect((await memoryInUse()) - before).toBeLessThan(96 * mebibyte);
  });

  test.each<[what: string, piece: Buffer]>([
    ["messages of nothing", message("")],
    ["frames of a byte each", Buffer.of(0)],
  ])("makes a server hold little more than the bytes it sent, though they are %s", async (_what, piece) => {
    const siege = await Siege.lay(deaf);
    const before = await memoryInUse();
    const sent = await fill(siege, 1, piece);
    expect((await memoryInUse()) - before).toBeLessThan(8 * sent + 16 * mebibyte);
  });
});

describe("a server that sends what its callers do not read, and ends its answers", () => {
  const rowsEach = 200;
  const row = data(0, echoResponse({ payload: Buffer.alloc(4800) }));
  const rowBytes = row.length - 9;

  function rowOn(id: number): Buffer {
    const frame = Buffer.from(row);
    frame.writeUInt32BE(id, 5);
    return frame;
  }

  /** What the client lets the server send, ever, in bytes. */
  async function granted(server: RawPeer): Promise<number> {
    server.write(ping()); // its answer comes behind what windows were given
    await server.next(isPingAck);
    const updates = server.received.filter(isWindowUpdate(0)) as WindowUpdateFrame[];
    return updates.reduce((sum, { increment }) => sum + increment, 65_535);
  }

  test("is stopped once they hold 16 MiB and a window, and let on when they are read or broken off", async () => {
    const ambush = await Ambush.lay({ server: { answers: false, greeting: [settings(), settingsAck] } });
    const readers: AsyncIterator<unknown>[] = [];
    const ask = (): void => {
      const reader = ambush.client.serverStream({})[Symbol.asyncIterator]();
      readers.push(reader);
      reader.next().catch(() => {}); // the last is never answered
    };
    ask();
    const server = await ambush.accept();
    let sent = 0;
    for (; readers.length < 100; ask()) {
      const { id } = await requestOn(server);
      if ((await granted(server)) - sent < rowsEach * rowBytes) break;
      server.write(headers(id, responseFields), ...Array.from({ length: rowsEach }, () => rowOn(id)));
      server.write(headers(id, okTrailer, { end: true }));
      sent += rowsEach * rowBytes;
    }
    const decoded = readers.length * 17 * rowBytes; // rows that wait for their reader, and are no bytes any more
    expect(sent).toBeGreaterThan(16 * mebibyte);
    expect(sent).toBeLessThan(18 * mebibyte + decoded);
    const [first, ...others] = readers.slice(0, -1) as [AsyncIterator<unknown>, ...AsyncIterator<unknown>[]];
    let rows = 1;
    for (; (await first.next()).done !== true; rows++);
    expect(rows).toBe(rowsEach);
    for (const other of others) await other.return?.();
    expect((await granted(server)) - sent).toBeGreaterThan(mebibyte);
  });
});

describe("a prefix that promises more than comes", () => {
  test("of 4 GiB is refused before any of it is held (RESOURCE_EXHAUSTED), on as many streams as there may be", async () => {
    const siege = await Siege.lay({ maxConcurrentStreams: 500 });
    const attacker = await siege.attacker({ greeting: openWindows });
    const before = process.memoryUsage().rss;
    const prefix = message("", 0, 0xffffffff);
    for (let calls = 0; calls < 500; calls++) {
      const id = attacker.nextId();
      attacker.write(headers(id, requestFields()), data(id, prefix));
      expect((await answerTo(attacker, id)).status).toBe(Code.RESOURCE_EXHAUSTED);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * mebibyte);
    expect(siege.handlers.asked).toBe(0);
    await siege.expectUntouched();
  });

  test("of as much as is allowed takes memory as the bytes come, not before", async () => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker();
    const before = await memoryInUse();
    for (let calls = 0; calls < 900; calls++)
      attacker.write(headers(attacker.nextId(), requestFields()), data(1 + 2 * calls, message("x", 0, 4 * mebibyte)));
    await expectCall(attacker);
    expect((await memoryInUse()) - before).toBeLessThan(100 * mebibyte); // 900 × 4 MiB were promised
    await attacker.close();
    await siege.expectUntouched();
  });

  test("a message that never ends frees what it held when its call is reset", async () => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker();
    const before = await memoryInUse();
    for (let round = 0; round < 200; round++) {
      const id = attacker.nextId();
      attacker.write(headers(id, requestFields()), data(id, message(Buffer.alloc(8000), 0, 4 * mebibyte)));
      attacker.write(reset(id, ErrorCode.CANCEL));
    }
    await expectCall(attacker);
    expect((await memoryInUse()) - before).toBeLessThan(8 * mebibyte);
    await siege.expectUntouched();
  });
});
