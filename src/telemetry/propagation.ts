import { type Context, diag, type TextMapGetter, type TextMapPropagator, type TextMapSetter } from "@opentelemetry/api";
import type { Call, Metadata } from "../contract/contract.js";
import { rootOfCalls } from "./linked-context.js";

/** The metadata of one outgoing call, copied when the first header is written: the caller's own is never touched. */
class OutgoingHeaders {
  readonly #original: Metadata;
  copy: Metadata | undefined;

  constructor(original: Metadata) {
    this.#original = original;
  }

  set(key: string, value: string): void {
    this.copy ??= this.#original.clone();
    // The two are one statement: a state that was passed on from elsewhere does not belong to a new parent.
    if (key === "traceparent") this.copy.delete("tracestate");
    this.copy.set(key, value);
  }
}

const setter: TextMapSetter<OutgoingHeaders> = { set: (headers, key, value) => headers.set(key, value) };

const getter: TextMapGetter<Metadata> = {
  keys: (metadata) => [...metadata.keys()],
  get(metadata, key) {
    const values = metadata.getAll(key);
    return values.length > 1 ? [...values] : values[0];
  },
};

/** The call with the context written into its metadata. */
export function inject(propagator: TextMapPropagator, context: Context, call: Call): Call {
  const headers = new OutgoingHeaders(call.metadata);
  try {
    propagator.inject(context, headers, setter);
  } catch (error) {
    diag.error(`hawser: ${call.method.fullName} goes without its trace context`, error);
  }
  return headers.copy === undefined ? call : call.with({ metadata: headers.copy });
}

/** The context a caller sent along; `rootOfCalls` where it sent none that can be read. */
export function extract(propagator: TextMapPropagator, metadata: Metadata): Context {
  try {
    return propagator.extract(rootOfCalls, metadata, getter);
  } catch (error) {
    diag.error("hawser: the caller's trace context cannot be read", error);
    return rootOfCalls;
  }
}
