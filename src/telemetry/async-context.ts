import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, type ContextManager, context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";

/** Keeps the active context across every `await`, as the SDK's own does; the API alone keeps none. */
class AsyncContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<Args extends unknown[], Run extends (...args: Args) => ReturnType<Run>>(
    within: Context,
    run: Run,
    self?: ThisParameterType<Run>,
    ...args: Args
  ): ReturnType<Run> {
    return this.#storage.run(within, () => run.apply(self, args));
  }

  bind<T>(within: Context, target: T): T {
    if (typeof target !== "function") return target;
    return ((...args: unknown[]) => this.#storage.run(within, () => target(...args))) as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#storage.disable();
    return this;
  }
}

let users = 0;

/**
 * Sees to it that spans find their parents while somebody needs it, where no SDK does already: OpenTelemetry knows one
 * context manager a process. Returns what ends that; the last to end it leaves the API as it was.
 */
export function keepContext(): () => void {
  if (users === 0 && isKept()) return () => {};
  if (users === 0) context.setGlobalContextManager(new AsyncContextManager());
  users++;
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    users--;
    if (users === 0) context.disable();
  };
}

const probe = createContextKey("hawser.probe");

function isKept(): boolean {
  return context.with(ROOT_CONTEXT.setValue(probe, true), () => context.active().getValue(probe) === true);
}
