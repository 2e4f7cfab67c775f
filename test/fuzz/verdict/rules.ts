import { Flag, Setting, Type } from "../../support/http2/constants.js";
import { uint32 } from "../../support/http2/frames.js";
import { fieldBlock } from "../../support/http2/hpack.js";
import type { RawFrame } from "../wire/raw-frame.js";
import { decent, frame, headers, open, request, setting } from "./rule-frames.js";

/** Where node:http2 and we part over a broken rule, and why we do as we do. */
export interface Parting {
  readonly difference: RegExp;
  readonly reason: string;
}

export interface Rule {
  readonly name: string;
  /** What breaks it, to be put among decent frames; its ids are above theirs. */
  readonly broken: () => readonly RawFrame[];
  readonly parting?: Parting;
}

const dropsFields: Parting = {
  difference: /^stream: ours reset \(PROTOCOL_ERROR\), theirs accepted$/,
  reason: "RFC 9113 §8.2.1: a request with such a field is malformed; nghttp2 drops the field",
};
const streamErrors: Parting = {
  difference: /^connection: ours stands, theirs (INTERNAL_ERROR|STREAM_CLOSED|PROTOCOL_ERROR|FRAME_SIZE_ERROR)$/,
  reason: "RFC 9113 §5.1, §6.3, §6.9: an error of the stream alone; nghttp2 ends the connection",
};

/** Each rule of RFC 9113 and RFC 7541 that one frame or two can break. New ones at the end: inputs name them by number. */
export const rules: readonly Rule[] = [
  { name: "an upper-case name", broken: () => request([...decent, ["X-Upper", "a"]]) },
  { name: "a space in a name", broken: () => request([...decent, ["x a", "a"]]), parting: dropsFields },
  { name: "a line feed in a value", broken: () => request([...decent, ["x-a", "a\nb"]]), parting: dropsFields },
  { name: "a NUL in a value", broken: () => request([...decent, ["x-a", "a\0b"]]), parting: dropsFields },
  { name: "a space before a value", broken: () => request([...decent, ["x-a", " a"]]), parting: dropsFields },
  {
    name: "a line feed in a known value",
    broken: () => request([...decent, ["content-type", "a\nb"]]),
    parting: { difference: /^(fields|stream): ours/, reason: "RFC 9113 §8.2.1: malformed; nghttp2 drops the field" },
  },
  { name: "an empty name", broken: () => request([...decent, ["", "a"]]), parting: dropsFields },
  { name: "connection", broken: () => request([...decent, ["connection", "close"]]) },
  { name: "transfer-encoding", broken: () => request([...decent, ["transfer-encoding", "chunked"]]) },
  { name: "upgrade", broken: () => request([...decent, ["upgrade", "h2c"]]) },
  { name: "te: gzip", broken: () => request([...decent, ["te", "gzip"]]) },
  { name: "a pseudo-header behind a field", broken: () => request([["x-a", "a"], ...decent]) },
  { name: ":method twice", broken: () => request([...decent, [":method", "GET"]]) },
  { name: ":status in a request", broken: () => request([...decent, [":status", "200"]]) },
  { name: "an unknown pseudo-header", broken: () => request([...decent, [":other", "a"]]) },
  { name: "no fields", broken: () => request([]) },
  { name: "no :method, :scheme or :path", broken: () => request(decent.slice(1)) },
  { name: "an empty :path", broken: () => request([...decent.slice(0, 2), [":path", ""], ...decent.slice(3)]) },
  {
    name: "an empty :method",
    broken: () => request([[":method", ""], ...decent.slice(1)]),
    parting: {
      difference: /^stream: ours accepted, theirs reset/,
      reason: "any :method but POST is for gRPC to refuse",
    },
  },
  { name: "DATA on stream 0", broken: () => [frame(Type.DATA, 0, 0, "a")] },
  { name: "DATA on an idle stream", broken: () => [frame(Type.DATA, 0, 301, "a")] },
  { name: "DATA on an even stream", broken: () => [frame(Type.DATA, 0, 2, "a")] },
  {
    name: "DATA behind the end",
    broken: () => [...request(decent), frame(Type.DATA, 0, 201, "late")],
    parting: streamErrors,
  },
  { name: "HEADERS behind the end", broken: () => [...request(decent), headers(201, decent)], parting: streamErrors },
  {
    name: "HEADERS on a lower stream",
    broken: () => [...request(decent), headers(199, decent)],
    parting: {
      difference: /^connection: ours STREAM_CLOSED, theirs stands$/,
      reason: "RFC 9113 §5.1.1: an error of the connection; nghttp2 passes over it",
    },
  },
  { name: "HEADERS on stream 0", broken: () => [headers(0, decent)] },
  { name: "HEADERS on an even stream", broken: () => [headers(202, decent)] },
  {
    name: "an integer too large",
    broken: () => [{ ...headers(201, decent), payload: Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff]) }],
  },
  { name: "an index too large", broken: () => [{ ...headers(201, decent), payload: Buffer.from([0xc5]) }] },
  { name: "index 0", broken: () => [{ ...headers(201, decent), payload: Buffer.from([0x80]) }] },
  {
    name: "a table size behind a field",
    broken: () => [{ ...headers(201, decent), payload: Buffer.concat([fieldBlock(decent), Buffer.from([0x20])]) }],
  },
  {
    name: "a table size too large",
    broken: () => [
      { ...headers(201, decent), payload: Buffer.concat([Buffer.from([0x3f, 0xe2, 0x1f]), fieldBlock(decent)]) },
    ],
  },
  {
    name: "padding too long",
    broken: () => [frame(Type.HEADERS, Flag.PADDED | Flag.END_HEADERS, 201, Buffer.from([200, 0x82]))],
  },
  {
    name: "HEADERS without its priority",
    broken: () => [frame(Type.HEADERS, Flag.PRIORITY | Flag.END_HEADERS, 201, "abc")],
  },
  {
    name: "DATA within a block",
    broken: () => [{ ...headers(201, decent), flags: Flag.END_STREAM }, frame(Type.DATA, 0, 201, "a")],
  },
  {
    name: "CONTINUATION of another stream",
    broken: () => [
      { ...headers(201, decent), flags: Flag.END_STREAM },
      frame(Type.CONTINUATION, Flag.END_HEADERS, 203, ""),
    ],
  },
  { name: "CONTINUATION of nothing", broken: () => [frame(Type.CONTINUATION, Flag.END_HEADERS, 201, "")] },
  { name: "DATA without its padding", broken: () => [frame(Type.DATA, Flag.PADDED, 201, "")] },
  {
    name: "DATA with too much padding",
    broken: () => [open(201), frame(Type.DATA, Flag.PADDED, 201, Buffer.from([9, 1, 2]))],
  },
  { name: "trailers that end nothing", broken: () => [open(201), headers(201, [["x-a", "a"]], 0)] },
  {
    name: "a pseudo-header in trailers",
    broken: () => [open(201), headers(201, [[":path", "/"]])],
  },
  {
    name: "an upper-case name in trailers",
    broken: () => [open(201), headers(201, [["X-Upper", "a"]])],
  },
  { name: "PRIORITY on stream 0", broken: () => [frame(Type.PRIORITY, 0, 0, "abcde")] },
  { name: "PRIORITY too short, idle", broken: () => [frame(Type.PRIORITY, 0, 401, "abcd")] },
  {
    name: "PRIORITY on itself, idle",
    broken: () => [frame(Type.PRIORITY, 0, 401, Buffer.from([0, 0, 1, 145, 0]))],
    parting: {
      difference: /^connection: ours stands, theirs PROTOCOL_ERROR$/,
      reason: "RFC 9113 §5.3 knows no priorities any more",
    },
  },
  {
    name: "PRIORITY too short",
    broken: () => [open(201), frame(Type.PRIORITY, 0, 201, "abcd")],
    parting: streamErrors,
  },
  {
    name: "PRIORITY on itself",
    broken: () => [open(201), frame(Type.PRIORITY, 0, 201, Buffer.from([0, 0, 0, 201, 0]))],
    parting: streamErrors,
  },
  { name: "RST_STREAM on stream 0", broken: () => [frame(Type.RST_STREAM, 0, 0, uint32(8))] },
  { name: "RST_STREAM on an idle stream", broken: () => [frame(Type.RST_STREAM, 0, 301, uint32(8))] },
  { name: "RST_STREAM too short", broken: () => [open(201), frame(Type.RST_STREAM, 0, 201, "abc")] },
  {
    name: "DATA behind RST_STREAM",
    broken: () => [open(201), frame(Type.RST_STREAM, 0, 201, uint32(8)), frame(Type.DATA, 0, 201, "late")],
    parting: {
      difference: /^stream: ours reset \(STREAM_CLOSED\), theirs accepted$/,
      reason: "RFC 9113 §5.1: an error of the stream; nghttp2 passes over it",
    },
  },
  {
    name: "WINDOW_UPDATE behind RST_STREAM",
    broken: () => [open(201), frame(Type.RST_STREAM, 0, 201, uint32(8)), frame(Type.WINDOW_UPDATE, 0, 201, uint32(8))],
  },
  { name: "SETTINGS on a stream", broken: () => [frame(Type.SETTINGS, 0, 1, "")] },
  { name: "SETTINGS of 5 bytes", broken: () => [frame(Type.SETTINGS, 0, 0, "abcde")] },
  { name: "SETTINGS ACK with settings", broken: () => [frame(Type.SETTINGS, Flag.ACK, 0, "abcdef")] },
  { name: "ENABLE_PUSH 2", broken: () => [setting(Setting.ENABLE_PUSH, 2)] },
  { name: "INITIAL_WINDOW_SIZE too large", broken: () => [setting(Setting.INITIAL_WINDOW_SIZE, 2 ** 31)] },
  { name: "MAX_FRAME_SIZE out of bounds", broken: () => [setting(Setting.MAX_FRAME_SIZE, 16_383)] },
  { name: "HEADER_TABLE_SIZE of 4 GiB", broken: () => [setting(Setting.HEADER_TABLE_SIZE, 2 ** 32 - 1)] },
  {
    name: "PUSH_PROMISE",
    broken: () => [frame(Type.PUSH_PROMISE, Flag.END_HEADERS, 1, Buffer.concat([uint32(2), fieldBlock(decent)]))],
  },
  { name: "PING too short", broken: () => [frame(Type.PING, 0, 0, "abc")] },
  { name: "PING on a stream", broken: () => [frame(Type.PING, 0, 1, "abcdefgh")] },
  {
    name: "PING answered unasked",
    broken: () => [frame(Type.PING, Flag.ACK, 0, "unasked!")],
    parting: {
      difference: /^connection: ours stands, theirs INTERNAL_ERROR$/,
      reason: "RFC 9113 §6.7 has nothing against it; Node minds",
    },
  },
  { name: "GOAWAY too short", broken: () => [frame(Type.GOAWAY, 0, 0, "abc")] },
  { name: "GOAWAY on a stream", broken: () => [frame(Type.GOAWAY, 0, 1, Buffer.alloc(8))] },
  { name: "WINDOW_UPDATE of 0", broken: () => [frame(Type.WINDOW_UPDATE, 0, 0, uint32(0))] },
  { name: "WINDOW_UPDATE too short", broken: () => [frame(Type.WINDOW_UPDATE, 0, 0, "abc")] },
  { name: "WINDOW_UPDATE too large", broken: () => [frame(Type.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1))] },
  { name: "WINDOW_UPDATE on an idle stream", broken: () => [frame(Type.WINDOW_UPDATE, 0, 301, uint32(1))] },
  {
    name: "WINDOW_UPDATE of 0 on a stream",
    broken: () => [open(201), frame(Type.WINDOW_UPDATE, 0, 201, uint32(0))],
    parting: streamErrors,
  },
  {
    name: "WINDOW_UPDATE too large on a stream",
    broken: () => [
      open(201),
      frame(Type.WINDOW_UPDATE, 0, 201, uint32(2 ** 31 - 1)),
      frame(Type.WINDOW_UPDATE, 0, 201, uint32(2 ** 31 - 1)),
    ],
    parting: streamErrors,
  },
  {
    name: "a frame too large",
    broken: () => [{ ...frame(Type.DATA, 0, 1, ""), length: 64 * 1024 + 1, payload: Buffer.alloc(64 * 1024 + 1) }],
  },
  { name: "the reserved bit", broken: () => [{ ...headers(201, decent), streamId: 2 ** 31 + 201 }] },
  {
    name: "WINDOW_UPDATE behind the end",
    broken: () => [...request(decent), frame(Type.WINDOW_UPDATE, 0, 201, uint32(1))],
    parting: streamErrors, // where the window was the largest there can be
  },
  {
    name: "RST_STREAM twice",
    broken: () => [
      ...request(decent),
      frame(Type.RST_STREAM, 0, 201, uint32(8)),
      frame(Type.RST_STREAM, 0, 201, uint32(8)),
    ],
  },
];
