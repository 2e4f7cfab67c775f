import type { PartyName } from "./parties.js";
import type { Suite } from "./suite.js";
import { wire } from "./wire/wire.js";

const plain: readonly PartyName[] = ["hawser/grpc-js"];
const alsoTraced: readonly PartyName[] = ["hawser/grpc-js", "hawser/grpc-js+traced"];
const inProcess: readonly PartyName[] = ["hawser/memory", "hawser/grpc-js"];
const inProcessMetered: readonly PartyName[] = [
  "hawser/memory",
  "hawser/app",
  "hawser/memory+metrics",
  "hawser/grpc-js",
];

export const suites: { readonly [name: string]: Suite } = {
  /** One request, one response, over the wire. Tracing costs by the call, so only small calls show it. */
  unary: {
    measurements: [
      { case: "unary-100B-c64", subjects: alsoTraced },
      { case: "unary-100B-c512", subjects: plain },
      { case: "unary-100B-c1", subjects: alsoTraced },
      { case: "unary-64KiB-c16", subjects: plain },
      { case: "unary-4MiB-c4", subjects: plain },
    ],
    peers: ["grpc-js"],
  },
  /** Messages a second over the wire. */
  streams: {
    measurements: [
      { case: "server-stream-100B", subjects: plain },
      { case: "bidi-100B", subjects: plain },
    ],
    peers: ["grpc-js"],
  },
  /** Hawser's own engine over the wire. */
  wire,
  /** The same service in one process: what is left when the wire is not. */
  modes: {
    measurements: [
      { case: "unary-100B-c64", subjects: inProcessMetered },
      { case: "unary-100B-c1", subjects: inProcessMetered },
      { case: "unary-64KiB-c16", subjects: inProcess },
      { case: "server-stream-100B", subjects: inProcess },
      { case: "bidi-100B", subjects: inProcess },
    ],
    peers: ["grpc-js"],
  },
};

/** The names of what a suite measures. */
export function casesOf({ measurements, experiments = [] }: Suite): string[] {
  return [...measurements.map((each) => each.case), ...experiments.map((each) => each.name)];
}
