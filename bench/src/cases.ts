/** What is done again and again, and how much of it at once. */
export interface Case {
  readonly name: string;
  readonly shape: "unary" | "serverStream" | "bidi";
  readonly payloadBytes: number;
  /** Calls, or streams, in flight. */
  readonly concurrency: number;
  /** An operation is a message: this many come of one call. */
  readonly messagesPerCall: number;
}

function unary(name: string, payloadBytes: number, concurrency: number): Case {
  return { name, shape: "unary", payloadBytes, concurrency, messagesPerCall: 1 };
}

function streaming(name: string, shape: "serverStream" | "bidi"): Case {
  return { name, shape, payloadBytes: 100, concurrency: 4, messagesPerCall: 1000 };
}

export const cases = {
  "unary-100B-c1": unary("unary-100B-c1", 100, 1),
  "unary-100B-c64": unary("unary-100B-c64", 100, 64),
  "unary-100B-c512": unary("unary-100B-c512", 100, 512),
  "unary-64KiB-c16": unary("unary-64KiB-c16", 64 << 10, 16),
  "unary-4MiB-c4": unary("unary-4MiB-c4", 4 << 20, 4),
  "server-stream-100B": streaming("server-stream-100B", "serverStream"),
  "bidi-100B": streaming("bidi-100B", "bidi"),
} as const satisfies Record<string, Case>;

export type CaseName = keyof typeof cases;
