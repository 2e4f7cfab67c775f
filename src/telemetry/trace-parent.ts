import { isSpanContextValid, type TextMapPropagator, TraceFlags, trace } from "@opentelemetry/api";

const key = "traceparent";
const pattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Carries a trace from service to service where no SDK does: the `traceparent` of https://www.w3.org/TR/trace-context/. */
export const traceParent: TextMapPropagator = {
  fields: () => [key],
  inject(context, carrier, setter) {
    const span = trace.getSpanContext(context);
    if (span === undefined || !isSpanContextValid(span)) return;
    const flags = span.traceFlags.toString(16).padStart(2, "0");
    setter.set(carrier, key, `00-${span.traceId}-${span.spanId}-${flags}`);
  },
  extract(context, carrier, getter) {
    const [, traceId, spanId, flags] = pattern.exec([getter.get(carrier, key)].flat()[0] ?? "") ?? [];
    if (traceId === undefined || spanId === undefined) return context;
    const traceFlags = Number.parseInt(flags as string, 16) & TraceFlags.SAMPLED;
    return trace.setSpanContext(context, { traceId, spanId, traceFlags, isRemote: true });
  },
};
