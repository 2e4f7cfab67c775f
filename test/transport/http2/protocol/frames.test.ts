import { describe, test } from "vitest";
import { type ErrorName, Flag, Setting, Type } from "../../../support/http2/constants.js";
import {
  continuation,
  data,
  frame,
  headers,
  ping,
  priority,
  pushPromise,
  reset,
  settings,
  windowUpdate,
} from "../../../support/http2/frames.js";
import { requestFields } from "../../../support/http2/grpc.js";
import { fieldBlock } from "../../../support/http2/hpack.js";
import { attackAmidCall } from "../../../support/http2/siege.js";
import { expectConnectionError, expectStreamError } from "../../../support/http2/verdicts.js";

/** What the server says of its SETTINGS_MAX_FRAME_SIZE. */
const maxFrameBytes = 65_536;

const block = fieldBlock(requestFields());

describe("an HTTP/2 server ends the connection where", () => {
  test.each<[story: string, code: ErrorName, say: (id: number) => Buffer | readonly Buffer[]]>([
    // On a stream or on the connection: the wrong one of both
    ["DATA comes on stream 0 (§6.1)", "PROTOCOL_ERROR", () => data(0, "x")],
    ["HEADERS come on stream 0 (§6.2)", "PROTOCOL_ERROR", () => headers(0, requestFields())],
    ["PRIORITY comes on stream 0 (§6.3)", "PROTOCOL_ERROR", () => priority(0)],
    ["RST_STREAM comes on stream 0 (§6.4)", "PROTOCOL_ERROR", () => reset(0, 8)],
    ["SETTINGS come on a stream (§6.5)", "PROTOCOL_ERROR", (id) => frame(Type.SETTINGS, 0, id)],
    [
      "an acknowledgement of SETTINGS comes on a stream (§6.5)",
      "PROTOCOL_ERROR",
      (id) => frame(Type.SETTINGS, Flag.ACK, id),
    ],
    ["PING comes on a stream (§6.7)", "PROTOCOL_ERROR", (id) => frame(Type.PING, 0, id, "12345678")],
    ["GOAWAY comes on a stream (§6.8)", "PROTOCOL_ERROR", (id) => frame(Type.GOAWAY, 0, id, Buffer.alloc(8))],
    ["CONTINUATION comes on stream 0 (§6.10)", "PROTOCOL_ERROR", () => continuation(0, block, true)],

    // Lengths that cannot be
    ["RST_STREAM is shorter than 4 bytes (§6.4)", "FRAME_SIZE_ERROR", (id) => frame(Type.RST_STREAM, 0, id, "123")],
    ["RST_STREAM is longer than 4 bytes (§6.4)", "FRAME_SIZE_ERROR", (id) => frame(Type.RST_STREAM, 0, id, "12345")],
    ["SETTINGS are no multiple of 6 bytes (§6.5)", "FRAME_SIZE_ERROR", () => frame(Type.SETTINGS, 0, 0, "12345")],
    [
      "an acknowledgement of SETTINGS has settings (§6.5)",
      "FRAME_SIZE_ERROR",
      () => frame(Type.SETTINGS, Flag.ACK, 0, Buffer.alloc(6)),
    ],
    ["PING is shorter than 8 bytes (§6.7)", "FRAME_SIZE_ERROR", () => frame(Type.PING, 0, 0, "1234567")],
    ["PING is longer than 8 bytes (§6.7)", "FRAME_SIZE_ERROR", () => frame(Type.PING, 0, 0, "123456789")],
    ["an acknowledgement of PING is empty (§6.7)", "FRAME_SIZE_ERROR", () => frame(Type.PING, Flag.ACK, 0)],
    ["GOAWAY is shorter than 8 bytes (§6.8)", "FRAME_SIZE_ERROR", () => frame(Type.GOAWAY, 0, 0, "1234567")],
    [
      "WINDOW_UPDATE of a stream is shorter than 4 bytes (§6.9)",
      "FRAME_SIZE_ERROR",
      (id) => frame(Type.WINDOW_UPDATE, 0, id, "123"),
    ],
    [
      "WINDOW_UPDATE of the connection is longer than 4 bytes (§6.9)",
      "FRAME_SIZE_ERROR",
      () => frame(Type.WINDOW_UPDATE, 0, 0, "12345"),
    ],
    [
      "HEADERS with a priority are too short for one (§6.2)",
      "FRAME_SIZE_ERROR",
      (id) => frame(Type.HEADERS, Flag.PRIORITY | Flag.END_HEADERS, id + 2, "1234"),
    ],

    // Padding
    ["DATA is padded and has no pad length (§6.1)", "FRAME_SIZE_ERROR", (id) => frame(Type.DATA, Flag.PADDED, id)],
    [
      "HEADERS are padded and have no pad length (§6.2)",
      "FRAME_SIZE_ERROR",
      (id) => frame(Type.HEADERS, Flag.PADDED | Flag.END_HEADERS, id + 2),
    ],
    [
      "the padding of DATA is as long as the frame (§6.1)",
      "PROTOCOL_ERROR",
      (id) => frame(Type.DATA, Flag.PADDED, id, Buffer.of(3, 0, 0)),
    ],
    [
      "the padding of DATA is longer than the frame (§6.1)",
      "PROTOCOL_ERROR",
      (id) => frame(Type.DATA, Flag.PADDED, id, Buffer.of(255, 0, 0)),
    ],
    [
      "the padding of HEADERS is longer than the frame (§6.2)",
      "PROTOCOL_ERROR",
      (id) => frame(Type.HEADERS, Flag.PADDED | Flag.END_HEADERS, id + 2, Buffer.concat([Buffer.of(255), block])),
    ],
    [
      "the padding of HEADERS reaches into their priority (§6.2)",
      "PROTOCOL_ERROR",
      (id) => frame(Type.HEADERS, Flag.PADDED | Flag.PRIORITY | Flag.END_HEADERS, id + 2, Buffer.of(4, 0, 0, 0, 0, 15)),
    ],

    // A stream that is not there cannot be reset: what would be its error is the connection's (§5.4, §6.4)
    [
      "PRIORITY of an idle stream is not 5 bytes long (§6.3)",
      "FRAME_SIZE_ERROR",
      (id) => frame(Type.PRIORITY, 0, id + 2, "1234"),
    ],

    // Header blocks are one piece
    ["CONTINUATION continues nothing (§6.10)", "PROTOCOL_ERROR", (id) => continuation(id, block, true)],
    [
      "CONTINUATION follows HEADERS that had ended (§6.10)",
      "PROTOCOL_ERROR",
      (id) => [headers(id + 2, requestFields()), continuation(id + 2, block, true)],
    ],
    [
      "CONTINUATION is of another stream (§6.10)",
      "PROTOCOL_ERROR",
      (id) => [headers(id + 2, block, { endHeaders: false }), continuation(id, "", true)],
    ],
    ...(
      [
        ["DATA", (id: number) => data(id, "x")],
        ["HEADERS", (id: number) => headers(id + 4, block)],
        ["the same HEADERS again", (id: number) => headers(id + 2, block)],
        ["PRIORITY", (id: number) => priority(id)],
        ["RST_STREAM of the stream itself", (id: number) => reset(id + 2, 8)],
        ["SETTINGS", () => settings()],
        ["PING", () => ping()],
        ["WINDOW_UPDATE", () => windowUpdate(0, 1)],
        ["a frame of an unknown type (§5.5)", () => frame(0xbe, 0, 0, "x")],
      ] as const
    ).map(
      ([what, say]) =>
        [
          `${what} comes between HEADERS and their CONTINUATION (§4.3)`,
          "PROTOCOL_ERROR",
          (id: number) => [headers(id + 2, block, { endHeaders: false }), say(id), continuation(id + 2, "", true)],
        ] as [string, ErrorName, (id: number) => readonly Buffer[]],
    ),

    // What only a server says
    ["a client promises a push (§8.4)", "PROTOCOL_ERROR", (id) => pushPromise(id, 2, requestFields())],
    ["a client promises a push on stream 0 (§8.4)", "PROTOCOL_ERROR", () => pushPromise(0, 2, requestFields())],

    // Windows
    ["the connection's window is to grow by 0 (§6.9)", "PROTOCOL_ERROR", () => windowUpdate(0, 0)],
    [
      "the connection's window is to grow by 0, reserved bit set (§6.9)",
      "PROTOCOL_ERROR",
      () => windowUpdate(0, 0x80000000),
    ],
    ["the connection's window overflows (§6.9.1)", "FLOW_CONTROL_ERROR", () => windowUpdate(0, 0x7fffffff)],
    [
      "the connection's window overflows bit by bit (§6.9.1)",
      "FLOW_CONTROL_ERROR",
      () => [windowUpdate(0, 0x40000000), windowUpdate(0, 0x40000000)],
    ],

    // Settings
    ["ENABLE_PUSH is neither 0 nor 1 (§6.5.2)", "PROTOCOL_ERROR", () => settings([[Setting.ENABLE_PUSH, 2]])],
    [
      "INITIAL_WINDOW_SIZE is larger than a window can be (§6.5.2)",
      "FLOW_CONTROL_ERROR",
      () => settings([[Setting.INITIAL_WINDOW_SIZE, 0x80000000]]),
    ],
    ["MAX_FRAME_SIZE is below 16384 (§6.5.2)", "PROTOCOL_ERROR", () => settings([[Setting.MAX_FRAME_SIZE, 16_383]])],
    [
      "MAX_FRAME_SIZE is above 16777215 (§6.5.2)",
      "PROTOCOL_ERROR",
      () => settings([[Setting.MAX_FRAME_SIZE, 16_777_216]]),
    ],
    [
      "INITIAL_WINDOW_SIZE lets the window of a stream overflow (§6.9.2)",
      "FLOW_CONTROL_ERROR",
      (id) => [windowUpdate(id, 0x7fffffff - 65_535), settings([[Setting.INITIAL_WINDOW_SIZE, 65_536]])],
    ],
    [
      "a bad setting stands behind good ones (§6.5.2)",
      "PROTOCOL_ERROR",
      () =>
        settings([
          [Setting.INITIAL_WINDOW_SIZE, 1],
          [0x7777, 1],
          [Setting.ENABLE_PUSH, 9],
        ]),
    ],
  ])("%s: %s", async (_story, code, say) => {
    const { siege, attacker, id } = await attackAmidCall();
    const said = say(id);
    attacker.write(...(Buffer.isBuffer(said) ? [said] : said));
    await expectConnectionError(siege, attacker, code);
  });

  test.each<[string, number, number]>([
    ["DATA", Type.DATA, 1],
    ["HEADERS", Type.HEADERS, 3],
    ["PRIORITY", Type.PRIORITY, 1],
    ["RST_STREAM", Type.RST_STREAM, 1],
    ["SETTINGS", Type.SETTINGS, 0],
    ["PUSH_PROMISE", Type.PUSH_PROMISE, 1],
    ["PING", Type.PING, 0],
    ["GOAWAY", Type.GOAWAY, 0],
    ["WINDOW_UPDATE", Type.WINDOW_UPDATE, 0],
    ["an unknown frame", 0xbe, 0],
  ])("%s is longer than a frame may be, and does so before any of it is here (§4.2)", async (_name, type, id) => {
    for (const length of [maxFrameBytes + 1, 0xffffff]) {
      const { siege, attacker } = await attackAmidCall();
      attacker.write(frame(type, 0, id, "", { length }));
      await expectConnectionError(siege, attacker, "FRAME_SIZE_ERROR");
    }
  });

  test("CONTINUATION is longer than a frame may be (§4.2)", async () => {
    const { siege, attacker, id } = await attackAmidCall();
    attacker.write(
      headers(id + 2, block, { endHeaders: false }),
      frame(Type.CONTINUATION, 0, id + 2, "", { length: maxFrameBytes + 1 }),
    );
    await expectConnectionError(siege, attacker, "FRAME_SIZE_ERROR");
  });
});

describe("an HTTP/2 server ends one stream, and no other, where", () => {
  test.each<[story: string, code: ErrorName, say: (id: number) => Buffer | readonly Buffer[]]>([
    ["PRIORITY is not 5 bytes long (§6.3)", "FRAME_SIZE_ERROR", (id) => frame(Type.PRIORITY, 0, id, "1234")],
    ["PRIORITY is longer than 5 bytes (§6.3)", "FRAME_SIZE_ERROR", (id) => frame(Type.PRIORITY, 0, id, "123456")],
    ["its window is to grow by 0 (§6.9)", "PROTOCOL_ERROR", (id) => windowUpdate(id, 0)],
    ["its window overflows (§6.9.1)", "FLOW_CONTROL_ERROR", (id) => windowUpdate(id, 0x7fffffff)],
    [
      "its window overflows bit by bit (§6.9.1)",
      "FLOW_CONTROL_ERROR",
      (id) => [windowUpdate(id, 0x40000000), windowUpdate(id, 0x40000000)],
    ],
  ])("%s: %s", async (_story, code, say) => {
    const { siege, attacker, id } = await attackAmidCall();
    const said = say(id);
    attacker.write(...(Buffer.isBuffer(said) ? [said] : said));
    await expectStreamError(siege, attacker, id, code);
  });
});
