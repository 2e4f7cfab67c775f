import { SpanKind } from "@opentelemetry/api";
import { Code } from "../errors/errors.js";
import { Metric } from "./names.js";

/** In what watching a call differs between its two ends. */
export interface Side {
  readonly spanKind: SpanKind;
  readonly duration: { readonly name: string; readonly description: string };
  readonly inFlight: { readonly name: string; readonly description: string };
  /** Whether a call that ended so has failed, in the eyes of this end. */
  readonly isFailure: (code: Code) => boolean;
}

export const clientSide: Side = {
  spanKind: SpanKind.CLIENT,
  duration: { name: Metric.CLIENT_CALL_DURATION, description: "Duration of outgoing calls, all attempts included." },
  inFlight: { name: Metric.CLIENT_CALLS_IN_FLIGHT, description: "Outgoing calls that have not ended." },
  isFailure: (code) => code !== Code.OK,
};

const serverFaults: ReadonlySet<Code> = new Set([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.UNIMPLEMENTED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

/** A business error is an answer: only what the server itself got wrong counts. */
export const serverSide: Side = {
  spanKind: SpanKind.SERVER,
  duration: { name: Metric.SERVER_CALL_DURATION, description: "Duration of incoming calls." },
  inFlight: { name: Metric.SERVER_CALLS_IN_FLIGHT, description: "Incoming calls that have not ended." },
  isFailure: (code) => serverFaults.has(code),
};
