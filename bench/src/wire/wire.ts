import type { Bound } from "../bounds.js";
import { type PartyName, peers } from "../parties.js";
import type { Suite } from "../suite.js";
import { held } from "./held/held.js";
import { latency50ms } from "./latency-50ms.js";
import { p99At70 } from "./p99-at-70.js";

const plain: readonly PartyName[] = ["hawser/http2"];
/** Streams from generators that are async, and from such as are not. */
const alsoPlain: readonly PartyName[] = ["hawser/http2", "hawser/http2+plain"];
const alsoTraced: readonly PartyName[] = ["hawser/http2", "hawser/http2+traced-10%"];

/** In every case; the other peers in one, for they are slower than these. */
const always: readonly PartyName[] = ["grpc-js", "moleculer-tcp"];

/** Throughput, of the whole Hawser client and server, against one peer. */
function times(name: string, against: string, atLeast: number, subject = "hawser/http2"): Bound {
  return { case: name, subject, of: "ops_per_s", against, atLeast };
}

/** Of one, on either side. */
function heap(name: string, atMost: number, subject = "hawser/http2"): Bound[] {
  return [
    { case: name, subject, of: "client_heap_bytes", atMost },
    { case: name, subject, of: "server_heap_bytes", atMost },
  ];
}

const bounds: readonly Bound[] = [
  times("unary-100B-c64", "grpc-js", 12),
  times("unary-100B-c64", "moleculer-tcp", 1.2),
  times("unary-100B-c64", "grpc-js", 8, "hawser/http2+traced-10%"),
  times("unary-100B-c512", "grpc-js", 12),
  times("unary-100B-c512", "moleculer-tcp", 1.2),
  { case: "unary-100B-c1", subject: "hawser/http2", of: "p50_ms", against: "grpc-js", atMost: 0.25 },
  // Two sockets and two event loops, with no protocol between them: how far below that bound this machine goes at all.
  { case: "unary-100B-c1", subject: "tcp", of: "p50_ms", against: "grpc-js" },
  times("unary-64KiB-c16", "grpc-js", 3),
  times("unary-4MiB-c4", "grpc-js", 1.5),
  times("server-stream-100B", "grpc-js", 10),
  times("server-stream-100B", "grpc-js", 10, "hawser/http2+plain"),
  times("bidi-100B", "grpc-js", 10),
  times("bidi-100B", "grpc-js", 10, "hawser/http2+plain"),
  { case: "p99-at-70", subject: "hawser/http2", of: "p99_ms", against: "grpc-js", atMost: 1 / 3 },
  { case: "upload-64MiB-50ms", subject: "hawser/http2", of: "mb_per_s", against: "tcp", atLeast: 0.8 },
  { case: "download-64MiB-50ms", subject: "hawser/http2", of: "mb_per_s", against: "tcp", atLeast: 0.8 },
  ...heap("idle-connections", 12_000),
  ...heap("open-streams", 4000),
  ...heap("open-streams", 4000, "hawser/http2 transport"),
];

const idleConnections = held({
  name: "idle-connections",
  folder: "connections",
  count: 10_000,
  parties: [
    ["hawser-http2", "hawser/http2"],
    ["tcp", "tcp"],
  ],
  files: true,
});

const openStreams = held({
  name: "open-streams",
  folder: "streams",
  count: 10_000,
  parties: [
    ["hawser-http2", "hawser/http2"],
    ["http2-transport", "hawser/http2 transport"],
    ["grpc-js", "grpc-js"],
  ],
  files: false,
});

/** What a call costs over Hawser's own engine, and what is asked of it. */
export const wire: Suite = {
  measurements: [
    { case: "unary-100B-c64", subjects: alsoTraced, peers: peers.filter((peer) => !always.includes(peer)) },
    { case: "unary-100B-c512", subjects: plain },
    { case: "unary-100B-c1", subjects: plain, peers: ["tcp"] },
    { case: "unary-64KiB-c16", subjects: plain },
    { case: "unary-4MiB-c4", subjects: plain },
    { case: "server-stream-100B", subjects: alsoPlain },
    { case: "bidi-100B", subjects: alsoPlain },
  ],
  peers: always,
  experiments: [p99At70, latency50ms, idleConnections, openStreams],
  bounds,
};
