import { type Attributes, context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { isHandlerCall, type Middleware } from "../contract/contract.js";
import { peerAttributes } from "./address.js";
import { CallTelemetry, type TelemetryOptions } from "./call-telemetry.js";
import { extract } from "./propagation.js";
import { serverSide } from "./side.js";
import { TracedCall } from "./traced-call.js";

/**
 * Traces and measures incoming calls, as parts of their callers' traces. The span is the active one while the handler
 * runs, and for as long as its response stream is read. Costs next to nothing until an OpenTelemetry SDK is there.
 */
export function serverTelemetry(options: TelemetryOptions = {}): Middleware {
  const telemetry = new CallTelemetry(serverSide, options, {});
  const peers = new LastPeer();
  return (next) => (call) => {
    const propagator = telemetry.propagator();
    // Never what is active here: a caller in the same process is a caller like any other.
    const parent = propagator === undefined ? ROOT_CONTEXT : extract(propagator, call.metadata);
    const span = telemetry.startSpan(call.method, parent);
    const meter = telemetry.meter(call.method);
    const within = span === undefined ? parent : trace.setSpan(parent, span);
    if (within === ROOT_CONTEXT && meter === undefined) return next(call);
    if (within === ROOT_CONTEXT) return new TracedCall(telemetry, call, span, meter).invoke(next);
    const traced = new TracedCall(telemetry, call, span, meter, within);
    if (traced.span !== undefined && isHandlerCall(call)) traced.span.setAttributes(peers.of(call.peer));
    return context.with(within, traced.invoke, traced, next);
  };
}

/** Calls come in runs from one caller: the attributes of the last one serve most of the next. */
class LastPeer {
  #peer: string | undefined;
  #attributes: Attributes = {};

  of(peer: string): Attributes {
    if (peer !== this.#peer) {
      this.#peer = peer;
      this.#attributes = peerAttributes(peer);
    }
    return this.#attributes;
  }
}
