import type { HandlerCall } from "../../../src/contract/contract.js";
import { currentCall } from "../../../src/contract/contract.js";
import { systemClock } from "../../../src/time/time.js";

/** What of a call is the same wherever it comes from. */
export interface Sight {
  readonly service: string;
  readonly method: string;
  readonly attempt: number;
  readonly current: boolean;
  readonly cancelled: boolean;
  /** In ms, to the next 20 s; undefined where there is no deadline. */
  readonly leftMs: number | undefined;
  /** But for what carries a trace and what belongs to the transport. */
  readonly metadata: { readonly [key: string]: readonly string[] };
  readonly traced: boolean;
}

export function sight(service: string, call: HandlerCall): Sight {
  const { metadata, deadline } = call;
  const shown = [...metadata.keys()].filter((key) => key.startsWith("x-") || key.endsWith("-bin")).sort();
  return {
    service,
    method: call.method.fullName,
    attempt: call.attempt,
    current: currentCall()?.method === call.method,
    cancelled: call.signal.aborted,
    leftMs: deadline === undefined ? undefined : Math.round((deadline - systemClock.now()) / 20_000) * 20_000,
    metadata: Object.fromEntries(shown.map((key) => [key, metadata.getAll(key).map(text)])),
    traced: metadata.get("traceparent") !== undefined,
  };
}

function text(value: string | Uint8Array): string {
  return typeof value === "string" ? value : Buffer.from(value).toString("hex");
}
