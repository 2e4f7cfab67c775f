import {
  type Context,
  context,
  type Span,
  type SpanOptions,
  type Tracer,
  type TracerOptions,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { resources } from "@opentelemetry/sdk-node";

type Resource = resources.Resource;
/** Whose a span is, by what it is started in; undefined where it is the process's. */
type Owner = (parent: Context) => Resource | undefined;

/**
 * The SDK's provider under another name: its sampler, its limits and its one queue, but each span says whose it is. A
 * provider of its own for each service would need the processors that the SDK makes from the environment and keeps.
 */
export class OwnedTracerProvider implements TracerProvider {
  readonly #provider: TracerProvider;
  readonly #owner: Owner;

  constructor(provider: TracerProvider, owner: Owner) {
    this.#provider = provider;
    this.#owner = owner;
  }

  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    return new OwnedTracer(this.#provider.getTracer(name, version, options), this.#owner);
  }
}

class OwnedTracer implements Tracer {
  readonly #tracer: Tracer;
  readonly #owner: Owner;

  constructor(tracer: Tracer, owner: Owner) {
    this.#tracer = tracer;
    this.#owner = owner;
  }

  startSpan(name: string, options?: SpanOptions, parent: Context = context.active()): Span {
    const span: Span & Partial<Owned> = this.#tracer.startSpan(name, options, parent);
    const owner = this.#owner(parent);
    // Exporters read the field when the span has ended; one that records nothing has none.
    if (owner !== undefined && span.resource !== undefined) span.resource = owner;
    return span;
  }

  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    ...rest: [run: F] | [SpanOptions, run: F] | [SpanOptions, Context, run: F]
  ): ReturnType<F> {
    const run = rest.at(-1) as F;
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : {};
    const parent = rest.length > 2 ? (rest[1] as Context) : context.active();
    const span = this.startSpan(name, options, parent);
    return context.with(trace.setSpan(parent, span), () => run(span) as ReturnType<F>);
  }
}

/** The field of `ReadableSpan`, as the SDK's spans have it. */
interface Owned {
  resource: Resource;
}

/** What runs in a handler is the handler's: a query, a file read, a step of one's own. */
export function ownerOfParent(parent: Context): Resource | undefined {
  const span: (Span & Partial<Owned>) | undefined = trace.getSpan(parent);
  return span?.resource;
}
