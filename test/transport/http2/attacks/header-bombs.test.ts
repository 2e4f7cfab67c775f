import { describe, expect, test } from "vitest";
import { Code } from "../../../../src/errors/errors.js";
import { Flag, Type } from "../../../support/http2/constants.js";
import { continuation, data, frame, headers, windowUpdate } from "../../../support/http2/frames.js";
import { answerTo, echoRequest, requestFields, responsesIn } from "../../../support/http2/grpc.js";
import { fieldBlock, indexed, literal, tableSize } from "../../../support/http2/hpack.js";
import { attack, expectCall } from "../../../support/http2/siege.js";
import { expectConnectionError } from "../../../support/http2/verdicts.js";
import { memoryInUse } from "../../../support/memory-in-use.js";

const mebibyte = 1024 * 1024;
const decent = fieldBlock(requestFields());

describe("CONTINUATION that never ends (VU#421644, CVE-2024-27983) ends with the connection:", () => {
  test.each<[what: string, piece: Buffer]>([
    ["large pieces", literal("x-large", "v".repeat(16_000))],
    ["small pieces", literal("x", "1")],
    ["pieces of one byte", Buffer.of(0x82)],
    ["empty pieces (CVE-2019-9518)", Buffer.alloc(0)],
  ])("%s", async (_what, piece) => {
    for (const end of [false, true]) {
      const { siege, attacker } = await attack();
      const id = attacker.nextId();
      attacker.write(headers(id, decent, { endHeaders: false, end }));
      const said = await attacker.flood(2000, () => Array.from({ length: 10 }, () => continuation(id, piece)));
      expect(said).toBeLessThan(2000);
      await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", /header fields/);
      expect(siege.handlers.asked).toBe(0);
    }
  });

  test("on hundreds of connections at once, what is held of each is no more than a block may be", async () => {
    const { siege } = await attack();
    const before = await memoryInUse();
    const peers = await Promise.all(Array.from({ length: 200 }, () => siege.attacker()));
    for (const peer of peers) {
      const id = peer.nextId();
      peer.write(headers(id, literal("x-large", "v".repeat(15_000)), { endHeaders: false }));
    }
    for (const peer of peers) await peer.next();
    await siege.expectUntouched();
    expect((await memoryInUse()) - before).toBeLessThan(40 * mebibyte);
  });

  test("a client that is gone amid its HEADERS takes nobody with it (CVE-2024-27983)", async () => {
    const { siege } = await attack();
    for (const abrupt of [true, false]) {
      for (const pieces of [0, 1, 5]) {
        const attacker = await siege.attacker();
        attacker.write(
          headers(1, decent, { endHeaders: false }),
          ...Array.from({ length: pieces }, () => continuation(1, "\x82")),
        );
        await attacker.next();
        if (abrupt) attacker.socket.resetAndDestroy();
        else attacker.socket.end();
        await attacker.closed;
        await siege.expectUntouched();
      }
    }
    expect(siege.handlers.asked).toBe(0);
  });
});

describe("header fields that are too many or too large", () => {
  test("encoded: the connection ends before any of the surplus is held", async () => {
    const { siege, attacker } = await attack({ maxHeaderBytes: 2000 });
    const id = attacker.nextId();
    attacker.write(headers(id, literal("x-large", "v".repeat(9000)), { end: true }));
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", /header fields of more than 8000 bytes/);
  });

  test("encoded: up to four times what fits, only their call ends", async () => {
    const { siege, attacker } = await attack({ maxHeaderBytes: 2000 });
    const id = attacker.nextId();
    const block = fieldBlock(requestFields("Unary", ["x-large", "v".repeat(7000)]));
    attacker.write(headers(id, block, { end: true }));
    expect((await answerTo(attacker, id)).status).toBe(Code.RESOURCE_EXHAUSTED);
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("encoded: fields that fit are served", async () => {
    const { siege, attacker } = await attack({ maxHeaderBytes: 8000 });
    const id = attacker.nextId();
    const value = "v".repeat(7000);
    attacker.write(headers(id, requestFields("Unary", ["x-large", value])), data(id, echoRequest(), { end: true }));
    expect(responsesIn(await answerTo(attacker, id))).toMatchObject([{ metadata: { "x-large": value } }]);
    await siege.expectUntouched();
  });

  test("decoded, each a byte that stands for 4 KB (HPACK bomb, CVE-2016-6581): only its call ends", async () => {
    const { siege, attacker } = await attack();
    const [first, bomb, next] = [attacker.nextId(), attacker.nextId(), attacker.nextId()];
    const value = "v".repeat(4000);
    attacker.write(
      headers(first, Buffer.concat([decent, literal("x-bomb", value, 0x40)])),
      data(first, echoRequest(), { end: true }),
    );
    expect((await answerTo(attacker, first)).status).toBe(0);
    const before = process.memoryUsage().rss;
    const block = Buffer.concat([decent, Buffer.alloc(15_000, indexed(62)), literal("x-last", "1", 0x40)]);
    attacker.write(headers(bomb, block, { end: true }));
    const answer = await answerTo(attacker, bomb);
    expect({ status: answer.status, message: answer.message }).toEqual({
      status: Code.RESOURCE_EXHAUSTED,
      message: expect.stringMatching(/header|metadata/),
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(48 * mebibyte);
    expect(siege.handlers.asked).toBe(1);
    // What it put into the table stands there all the same: both sides have the same one.
    attacker.write(headers(next, Buffer.concat([decent, indexed(62)])), data(next, echoRequest(), { end: true }));
    expect(responsesIn(await answerTo(attacker, next))).toMatchObject([{ metadata: { "x-last": "1" } }]);
    await siege.expectUntouched();
  });

  test("decoded, as fields of 34 bytes each that two bytes stand for: only its call ends", async () => {
    const { siege, attacker } = await attack();
    const id = attacker.nextId();
    const block = Buffer.concat([decent, literal("x", "", 0x40), Buffer.alloc(8000, indexed(62))]);
    attacker.write(headers(id, block, { end: true }));
    expect((await answerTo(attacker, id)).status).toBe(Code.RESOURCE_EXHAUSTED);
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("bombs again and again end their calls one by one, and leave nothing behind", async () => {
    const { siege, attacker } = await attack();
    const block = Buffer.concat([decent, literal("x-bomb", "v".repeat(4000), 0x40), Buffer.alloc(10_000, indexed(62))]);
    const before = await memoryInUse();
    for (let bombs = 0; bombs < 200; bombs++) {
      const id = attacker.nextId();
      attacker.write(headers(id, block, { end: true }));
      expect((await answerTo(attacker, id)).status).toBe(Code.RESOURCE_EXHAUSTED);
    }
    expect((await memoryInUse()) - before).toBeLessThan(8 * mebibyte);
    expect(siege.handlers.asked).toBe(0);
    await siege.expectUntouched();
  });

  test("in trailers, which nobody reads, are passed over, and harm nobody", async () => {
    const { siege, attacker } = await attack();
    const id = attacker.nextId();
    attacker.write(
      headers(id, requestFields("ClientStream")),
      data(id, echoRequest()),
      headers(id, Buffer.alloc(15_000, indexed(16)), { end: true }), // accept-encoding
    );
    expect((await answerTo(attacker, id)).status).toBe(0);
    await expectCall(attacker);
    await siege.expectUntouched();
  });
});

describe("games with the header table", () => {
  test("thousands of new sizes in one block are no block (RFC 7541 §4.2)", async () => {
    const { siege, attacker } = await attack();
    const sizes = Buffer.concat(Array.from({ length: 3000 }, (_, n) => tableSize(n % 2 === 0 ? 0 : 4096)));
    const id = attacker.nextId();
    attacker.write(headers(id, Buffer.concat([sizes, decent]), { end: true }));
    await expectConnectionError(siege, attacker, "COMPRESSION_ERROR");
  });

  test("a table that is filled and emptied with every call holds no more than it may", async () => {
    const { siege, attacker } = await attack();
    attacker.write(windowUpdate(0, 100_000_000));
    const before = await memoryInUse();
    for (let calls = 0; calls < 500; calls++) {
      const id = attacker.nextId();
      const fields = Array.from({ length: 40 }, (_, n) => literal(`x-${calls}-${n}`, "v".repeat(60), 0x40));
      attacker.write(
        headers(id, Buffer.concat([tableSize(0), tableSize(4096), decent, ...fields])),
        data(id, echoRequest(), { end: true }),
      );
      expect((await answerTo(attacker, id)).status).toBe(0);
    }
    attacker.received.length = 0;
    expect((await memoryInUse()) - before).toBeLessThan(16 * mebibyte);
    await siege.expectUntouched();
  });

  test("padding does not hide how long a block is", async () => {
    const { siege, attacker } = await attack({ maxHeaderBytes: 1000 });
    const id = attacker.nextId();
    const block = Buffer.concat([Buffer.of(255), literal("x", "v".repeat(5000)), Buffer.alloc(255)]);
    attacker.write(frame(Type.HEADERS, Flag.PADDED | Flag.END_HEADERS, id, block));
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM");
  });
});
