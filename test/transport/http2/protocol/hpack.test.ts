import { describe, expect, test } from "vitest";
import { Setting } from "../../../support/http2/constants.js";
import { continuation, data, headers, settings } from "../../../support/http2/frames.js";
import { answerTo, echoRequest, requestFields, responsesIn, wholeCall } from "../../../support/http2/grpc.js";
import { fieldBlock, indexed, integer, literal, tableSize, text } from "../../../support/http2/hpack.js";
import { isHeaders, isSettingsAck } from "../../../support/http2/received.js";
import { attack, expectCall } from "../../../support/http2/siege.js";
import { expectConnectionError } from "../../../support/http2/verdicts.js";

const decent = fieldBlock(requestFields());
const unknownName = Buffer.concat([Buffer.of(0), text("x-mark")]);
const huffman = (...bytes: number[]): Buffer => Buffer.concat([unknownName, Buffer.of(0x80 | bytes.length, ...bytes)]);

describe("a block that cannot be decoded is COMPRESSION_ERROR of the connection (RFC 7541, RFC 9113 §4.3): one with", () => {
  test.each<[story: string, block: Buffer]>([
    ["index 0 (§6.1)", indexed(0)],
    ["an index in neither table (§2.3.3)", indexed(62)],
    ["an index far behind the tables (§2.3.3)", indexed(1_000_000)],
    ["a name whose index is in neither table (§2.3.3)", Buffer.concat([integer(62, 4, 0), text("x")])],
    ["an index that overflows 32 bits (§5.1)", Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)],
    [
      "an index that overflows 64 bits (§5.1)",
      Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
    ],
    ["a number that never ends (§5.1)", Buffer.concat([Buffer.of(0xff), Buffer.alloc(1000, 0x80)])],
    ["a number that breaks off (§5.1)", Buffer.of(0xff, 0x80)],
    ["a name that breaks off (§5.2)", Buffer.concat([Buffer.of(0, 20), Buffer.from("short")])],
    ["a value that breaks off (§5.2)", Buffer.concat([unknownName, Buffer.of(20), Buffer.from("short")])],
    ["a value that is not there (§5.2)", unknownName],
    ["a length of 4 GiB (§5.2)", Buffer.concat([unknownName, integer(2 ** 32 - 1, 7)])],
    [
      "a length beyond 2⁵³ (§5.2)",
      Buffer.concat([unknownName, Buffer.of(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)]),
    ],
    ["the end-of-string symbol in a string (§5.2)", huffman(0xff, 0xff, 0xff, 0xff)],
    ["more than 7 bits of padding in a string (§5.2)", huffman(0x1f, 0xff)], // "a" is 00011
    ["padding that is not the beginning of the end of string (§5.2)", huffman(0x18)],
    ["a table larger than was allowed (§6.3)", tableSize(4097)],
    ["a table of 4 GiB (§6.3)", tableSize(2 ** 32 - 1)],
    ["a new table size behind a field (§4.2)", Buffer.concat([indexed(3), tableSize(0)])],
    ["nothing but a new table size behind CONTINUATION of fields (§4.2)", Buffer.concat([decent, tableSize(100)])],
  ])("%s", async (_story, block) => {
    const { siege, attacker } = await attack();
    const id = attacker.nextId();
    attacker.write(headers(id, Buffer.concat([block.subarray(0, 1), block.subarray(1)]), { end: true }));
    await expectConnectionError(siege, attacker, "COMPRESSION_ERROR");
    expect(siege.handlers.asked).toBe(0);
  });

  test("an entry that a smaller table has evicted (§4.3)", async () => {
    const { siege, attacker } = await attack();
    const [first, second] = [attacker.nextId(), attacker.nextId()];
    attacker.write(
      headers(first, Buffer.concat([decent, literal("x-kept", "1", 0x40)])),
      data(first, echoRequest(), { end: true }),
    );
    expect((await answerTo(attacker, first)).status).toBe(0);
    attacker.write(headers(second, Buffer.concat([tableSize(0), tableSize(4096), decent, indexed(62)])));
    await expectConnectionError(siege, attacker, "COMPRESSION_ERROR");
  });

  test("something wrong in a block of trailers, or of a stream that is refused", async () => {
    for (const id of [1, 5]) {
      const { siege, attacker } = await attack({ maxConcurrentStreams: 2 });
      attacker.write(headers(1, requestFields("ClientStream")), headers(3, requestFields("ClientStream")));
      attacker.write(headers(id, indexed(0), { end: true }));
      await expectConnectionError(siege, attacker, "COMPRESSION_ERROR");
    }
  });
});

describe("header tables", () => {
  test("are used as RFC 7541 has them: entries, eviction, all kinds of literals, sizes that change", async () => {
    const { siege, attacker } = await attack();
    const send = async (block: Buffer) => {
      const id = attacker.nextId();
      attacker.write(headers(id, Buffer.concat([block])), data(id, echoRequest(), { end: true }));
      return responsesIn(await answerTo(attacker, id))[0]?.metadata;
    };
    const large = "v".repeat(2000);
    expect(await send(Buffer.concat([decent, literal("x-a", "1", 0x40), literal("x-b", large, 0x40)]))).toEqual({
      "x-a": "1",
      "x-b": large,
    });
    expect(await send(Buffer.concat([decent, indexed(63), indexed(62)]))).toEqual({ "x-a": "1", "x-b": large });
    expect(await send(Buffer.concat([decent, integer(63, 4, 0x10), text("never")]))).toEqual({ "x-a": "never" });
    expect(await send(Buffer.concat([decent, integer(63, 6, 0x40), text("2"), indexed(62)]))).toEqual({ "x-a": "2,2" });
    expect(await send(Buffer.concat([tableSize(0), tableSize(4096), decent, literal("x-c", "3", 0x40)]))).toEqual({
      "x-c": "3",
    });
    // An entry larger than the table empties it and is no error (§4.4)
    expect(await send(Buffer.concat([decent, literal("x-d", "w".repeat(5000), 0x40)]))).toEqual({
      "x-d": "w".repeat(5000),
    });
    expect(await send(Buffer.concat([decent, literal("x-e", "5", 0x40), indexed(62)]))).toEqual({ "x-e": "5,5" });
    await siege.expectUntouched();
  });

  test("may be cut into CONTINUATION frames anywhere, within a number and a string too (RFC 9113 §4.3)", async () => {
    const { siege, attacker } = await attack();
    const id = attacker.nextId();
    const block = Buffer.concat([decent, literal("x-long", "v".repeat(300), 0x40)]);
    const cuts = [1, 2, 9, 40, block.length - 302, block.length - 301, block.length - 300, block.length - 1];
    const parts = [...cuts, block.length].map((end, n) => block.subarray(n === 0 ? 0 : cuts[n - 1], end));
    attacker.write(headers(id, parts[0] as Buffer, { endHeaders: false }));
    parts.slice(1).forEach((part, n) => void attacker.write(continuation(id, part, n === parts.length - 2)));
    attacker.write(data(id, echoRequest(), { end: true }));
    expect(responsesIn(await answerTo(attacker, id))).toMatchObject([{ metadata: { "x-long": "v".repeat(300) } }]);
    await siege.expectUntouched();
  });

  test("are given up by a server whose client allows none, and used again once it does (§4.2)", async () => {
    const { attacker } = await attack();
    await expectCall(attacker);
    await expectCall(attacker);
    attacker.write(settings([[Setting.HEADER_TABLE_SIZE, 0]]));
    for (let acks = 0; acks < 2; acks++) await attacker.next(isSettingsAck);
    const id = attacker.nextId();
    attacker.write(wholeCall(id));
    const answer = await attacker.next(isHeaders(id));
    expect(answer.payload[0], "the block begins with the new size of the table").toBe(0x20);
    expect(answer.fields).toContainEqual([":status", "200"]);
    await expectCall(attacker);
    attacker.write(settings([[Setting.HEADER_TABLE_SIZE, 4096]]));
    await attacker.next(isSettingsAck);
    await expectCall(attacker);
    await expectCall(attacker);
  });

  test("of a client that allows 4 GiB stay small", async () => {
    const { siege, attacker } = await attack();
    attacker.write(settings([[Setting.HEADER_TABLE_SIZE, 0xffffffff]]));
    for (let calls = 0; calls < 5; calls++) await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("shrunk and grown between two calls are announced at their smallest first (§4.2)", async () => {
    const { attacker } = await attack();
    await expectCall(attacker);
    attacker.write(settings([[Setting.HEADER_TABLE_SIZE, 0]]), settings([[Setting.HEADER_TABLE_SIZE, 4096]]));
    for (let acks = 0; acks < 3; acks++) await attacker.next(isSettingsAck);
    const id = attacker.nextId();
    attacker.write(wholeCall(id));
    const answer = await attacker.next(isHeaders(id));
    expect(answer.payload[0]).toBe(0x20);
    await expectCall(attacker);
  });
});
