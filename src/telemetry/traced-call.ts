import { type Context, diag, type Span, SpanStatusCode } from "@opentelemetry/api";
import { type Call, ContextKey, type Instance, type Invoke, type Reply, RequestStream } from "../contract/contract.js";
import { type Code, codeName, type RpcError } from "../errors/errors.js";
import { attemptEnded, instanceAttributes } from "./attempt.js";
import type { CallMeter } from "./call-meter.js";
import type { CallTelemetry } from "./call-telemetry.js";
import { Attribute } from "./names.js";
import { type FailureObserver, ObservedStream } from "./observed-stream.js";
import { type Placement, placementOf } from "./placement.js";
import { clientSide } from "./side.js";
import { WatchedCall } from "./watched-call.js";

/** The outgoing call that is being watched, for what runs inside it. Unset where nobody collects anything. */
export const tracedCall: ContextKey<TracedCall | undefined> = new ContextKey("hawser.tracedCall", undefined);

/** Ends the span and the metrics of one call. */
export class TracedCall extends WatchedCall {
  /** Undefined where it records nothing. */
  readonly span: Span | undefined;
  readonly #telemetry: CallTelemetry;
  readonly #meter: CallMeter | undefined;
  readonly #startedMs: number;
  #requests: number;
  #answeredBy: Call | undefined;
  #asked: Instance | undefined;
  #placement: Placement | undefined;

  constructor(
    telemetry: CallTelemetry,
    call: Call,
    span: Span | undefined,
    meter: CallMeter | undefined,
    within?: Context,
  ) {
    super(call, within);
    this.span = span?.isRecording() ? span : undefined;
    this.#telemetry = telemetry;
    this.#meter = meter;
    this.#requests = call.method.requestStream ? 0 : 1;
    this.#startedMs = telemetry.clock.now();
    meter?.started();
  }

  override invoke(next: Invoke): Promise<Reply> {
    const counts = this.span !== undefined && this.call.method.requestStream;
    return super.invoke(next, counts ? this.#counted() : this.call);
  }

  /** Where its other end is. */
  placed(placement: Placement): void {
    this.#placement = placement;
  }

  /** Who is to answer; the one asked last counts. */
  asks(instance: Instance): void {
    this.#asked = instance;
    this.#placement = placementOf(instance);
  }

  /** The attempt that the answer comes from; it ends as the call does. */
  answeredBy(attempt: Call): void {
    this.#answeredBy = attempt;
  }

  protected override ended(code: Code, error: RpcError | undefined): void {
    try {
      this.#meter?.ended(code, this.#telemetry.clock.now() - this.#startedMs, this.#placement);
      if (this.span !== undefined) this.#endSpan(this.span, code, error);
    } catch (failure) {
      // A span processor that throws is no reason for a call to fail.
      diag.error(`hawser: the telemetry of ${this.call.method.fullName} is lost`, failure);
    }
  }

  /** The same call, its requests counted; for the retry it is as unread as before. */
  #counted(): Call {
    const counter: FailureObserver = {
      message: () => {
        this.#requests++;
      },
      complete() {},
      fail: (reason) => reason,
      stop() {},
    };
    const counted = new ObservedStream(this.call.message as AsyncIterable<unknown>, counter);
    return this.call.with({ message: new RequestStream(counted) });
  }

  #endSpan(span: Span, code: Code, error: RpcError | undefined): void {
    const { side } = this.#telemetry;
    const status = codeName(code);
    const { requestStream, responseStream } = this.call.method;
    span.setAttribute(Attribute.STATUS_CODE, status);
    if (this.#asked !== undefined) span.setAttributes(instanceAttributes(this.#asked));
    if (requestStream || responseStream) {
      const outgoing = side === clientSide;
      span.setAttribute(Attribute.MESSAGES_SENT, outgoing ? this.#requests : this.responses);
      span.setAttribute(Attribute.MESSAGES_RECEIVED, outgoing ? this.responses : this.#requests);
    }
    if (this.#answeredBy !== undefined && this.#answeredBy.attempt > 1) attemptEnded(span, this.#answeredBy, code);
    if (error?.errorId !== undefined) span.setAttribute(Attribute.ERROR_ID, error.errorId);
    if (side.isFailure(code)) {
      span.setAttribute(Attribute.ERROR_TYPE, status);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error?.message ?? status });
      if (error?.cause instanceof Error) span.recordException(error.cause);
    }
    span.end();
  }
}
