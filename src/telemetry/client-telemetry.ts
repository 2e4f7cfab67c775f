import { type Context, context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import type { Call, Middleware } from "../contract/contract.js";
import { RpcError } from "../errors/errors.js";
import { serverAttributes } from "./address.js";
import { attemptEnded } from "./attempt.js";
import { CallTelemetry, type TelemetryOptions } from "./call-telemetry.js";
import { derivable } from "./linked-context.js";
import { inject } from "./propagation.js";
import { clientSide } from "./side.js";
import { TracedCall, tracedCall } from "./traced-call.js";

export interface ClientTelemetryOptions extends TelemetryOptions {
  /** Whom the client calls: the name of a service, or an address as `grpc://10.0.0.7:50051`. Default: not said. */
  readonly target?: string;
}

/** Two places in one client. */
export interface ClientTelemetry {
  /** Around the whole call, retries included: the span, the metrics, and the trace context that every attempt carries. */
  readonly call: Middleware;
  /** Around each attempt: its event in the call's span, and where it went. Does nothing where nobody collects anything. */
  readonly attempt: Middleware;
}

/** Traces and measures outgoing calls. Costs next to nothing until an OpenTelemetry SDK is there to listen. */
export function clientTelemetry(options: ClientTelemetryOptions = {}): ClientTelemetry {
  const { target } = options;
  const telemetry = new CallTelemetry(clientSide, options, target === undefined ? {} : serverAttributes(target));

  const call: Middleware = (next) => (made) => {
    const active = context.active();
    const span = telemetry.startSpan(made.method, active);
    const meter = telemetry.meter(made.method);
    const outgoing = carry(made, span === undefined ? active : trace.setSpan(derivable(active), span));
    if (meter === undefined && !span?.isRecording()) return next(outgoing);
    const traced = new TracedCall(telemetry, outgoing, span, meter);
    outgoing.values.set(tracedCall, traced);
    return traced.invoke(next);
  };

  function carry(made: Call, within: Context): Call {
    if (within === ROOT_CONTEXT) return made;
    const propagator = telemetry.propagator();
    return propagator === undefined ? made : inject(propagator, within, made);
  }

  const attempt: Middleware = (next) => (made) => {
    const traced = made.values.get(tracedCall);
    if (traced === undefined) return next(made);
    if (made.instance !== undefined) traced.asks(made.instance);
    const { span } = traced;
    if (span === undefined) return next(made);
    return next(made).then(
      (reply) => {
        traced.answeredBy(made);
        return reply;
      },
      (reason) => {
        const error = RpcError.from(reason);
        attemptEnded(span, made, error.code);
        throw error;
      },
    );
  };

  return { call, attempt };
}
