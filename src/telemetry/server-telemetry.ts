import { type Attributes, context, trace } from "@opentelemetry/api";
import { type HandlerCall, isHandlerCall, isInfrastructure, type Middleware } from "../contract/contract.js";
import { peerAttributes } from "./address.js";
import { CallTelemetry, type TelemetryOptions } from "./call-telemetry.js";
import { rootOfCalls } from "./linked-context.js";
import { Attribute } from "./names.js";
import { placementOfCaller } from "./placement.js";
import { extract } from "./propagation.js";
import { serverSide } from "./side.js";
import { TracedCall } from "./traced-call.js";

export interface ServerTelemetryOptions extends TelemetryOptions {
  /** Whether calls of gRPC's own services (health, reflection: all in a package `grpc`) are watched too. Default: false. */
  readonly infrastructure?: boolean;
}

/**
 * Traces and measures incoming calls, as parts of their callers' traces. The span is the active one while the handler
 * runs, and for as long as its response stream is read. Costs next to nothing until an OpenTelemetry SDK is there.
 */
export function serverTelemetry(options: ServerTelemetryOptions = {}): Middleware {
  const { infrastructure = false } = options;
  const telemetry = new CallTelemetry(serverSide, options, {});
  const callers = new LastCaller();
  return (next) => (call) => {
    if (!infrastructure && isInfrastructure(call.method)) return next(call);
    const propagator = telemetry.propagator();
    // Never what is active here: a caller in the same process is a caller like any other.
    const parent = propagator === undefined ? rootOfCalls : extract(propagator, call.metadata);
    const span = telemetry.startSpan(call.method, parent);
    const meter = telemetry.meter(call.method);
    const within = span === undefined ? parent : trace.setSpan(parent, span);
    if (within === rootOfCalls && meter === undefined) return next(call);
    const traced = new TracedCall(telemetry, call, span, meter, within === rootOfCalls ? undefined : within);
    if (isHandlerCall(call)) {
      traced.placed(placementOfCaller(call));
      traced.span?.setAttributes(callers.attributesOf(call));
    }
    return within === rootOfCalls ? traced.invoke(next) : context.with(within, traced.invoke, traced, next);
  };
}

/** Calls come in runs from one caller: the attributes of the last one serve most of the next. */
class LastCaller {
  #peer: string | undefined;
  #attributes: Attributes = {};

  attributesOf(call: HandlerCall): Attributes {
    if (call.peer !== this.#peer) {
      this.#peer = call.peer;
      this.#attributes = { ...peerAttributes(call.peer), [Attribute.PLACEMENT]: placementOfCaller(call) };
    }
    return this.#attributes;
  }
}
