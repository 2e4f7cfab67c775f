import { describe, test } from "vitest";
import { Flag, Setting, Type } from "../../../support/http2/constants.js";
import { data, frame, headers, ping, priority, settings, uint32, windowUpdate } from "../../../support/http2/frames.js";
import { echoRequest, requestFields } from "../../../support/http2/grpc.js";
import { fieldBlock } from "../../../support/http2/hpack.js";
import { attackAmidCall } from "../../../support/http2/siege.js";
import { expectIgnored } from "../../../support/http2/verdicts.js";

/** What the server says of its SETTINGS_MAX_FRAME_SIZE. */
const maxFrameBytes = 65_536;

describe("an HTTP/2 server passes over", () => {
  test.each<[what: string, say: (id: number) => Buffer | readonly Buffer[]]>([
    [
      "frames of unknown types, on any stream (§4.1, §5.5)",
      (id) => [
        frame(0xbe, 0xff, 0, "x"),
        frame(0xff, 0, id, "y"),
        frame(0x0a, 0, id + 100),
        frame(0x10, 0, 0, Buffer.alloc(maxFrameBytes)),
      ],
    ],
    [
      "flags nobody knows (§4.1)",
      (id) => [
        frame(Type.DATA, 0xf6 & ~Flag.PADDED, id),
        frame(Type.PING, 0xfe, 0, "12345678"),
        frame(Type.WINDOW_UPDATE, 0xff, 0, uint32(1)),
        frame(Type.SETTINGS, 0xfe, 0),
      ],
    ],
    [
      "the reserved bit of a stream id (§4.1)",
      (id) => [
        frame(Type.DATA, 0, id, echoRequest(), { reserved: true }),
        frame(Type.PING, 0, 0, "12345678", { reserved: true }),
      ],
    ],
    ["the reserved bit of a window (§6.9)", (id) => [windowUpdate(0, 0x80000001), windowUpdate(id, 0x80000001)]],
    [
      "settings nobody knows (§6.5.2)",
      () =>
        settings([
          [0, 1],
          [0x7777, 0xffffffff],
          [8, 1],
          [9, 1],
        ]),
    ],
    [
      "settings given twice: the last counts (§6.5.3)",
      () =>
        settings([
          [Setting.INITIAL_WINDOW_SIZE, 1],
          [Setting.INITIAL_WINDOW_SIZE, 65_535],
        ]),
    ],
    ["an acknowledgement of a PING nobody sent", () => ping("unasked!", true)],
    [
      "priorities, of streams that are not there too (§5.3.2)",
      (id) => [priority(id, 0), priority(id + 200, id, 255), priority(id, 0x80000000 | (id + 2))],
    ],
    [
      "streams that depend on themselves, which RFC 9113 no longer minds (§5.3.2)",
      (id) => [
        priority(id, id),
        frame(
          Type.HEADERS,
          Flag.PRIORITY | Flag.END_HEADERS,
          id + 100,
          Buffer.concat([uint32(id + 100), Buffer.of(15), fieldBlock(requestFields("Bidi"))]),
        ),
        data(id + 100, echoRequest()),
      ],
    ],
    [
      "an exclusive priority within HEADERS (§6.2)",
      (id) => [
        frame(
          Type.HEADERS,
          Flag.PRIORITY | Flag.END_HEADERS,
          id + 100,
          Buffer.concat([uint32(0x80000000 | id), Buffer.of(255), fieldBlock(requestFields("Bidi"))]),
        ),
      ],
    ],
    [
      "padding, of any length that fits (§6.1)",
      (id) => [
        data(id, echoRequest(), { padding: 255 }),
        data(id, "", { padding: 0 }),
        headers(id + 100, requestFields("Bidi"), { padding: 200 }),
      ],
    ],
  ])("%s", async (_what, say) => {
    const { siege, attacker, id } = await attackAmidCall();
    const said = say(id);
    attacker.write(...(Buffer.isBuffer(said) ? [said] : said));
    for (let used = 0; used < 60; used++) attacker.nextId(); // the calls to come are above the ids of the table
    await expectIgnored(siege, attacker);
  });
});
