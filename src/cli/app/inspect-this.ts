import { open, url, waitForDebugger } from "node:inspector";
import { UsageError } from "../failure.js";

const stopSignals = ["SIGINT", "SIGTERM"] as const;

/**
 * Lets a debugger attach to this process; Node says on stderr where. With `wait` it goes on when one has come; Ctrl-C ends it
 * before that.
 *
 * @param option for messages: `--inspect`
 * @param given `host:port`, a port alone, or true for the usual place
 * @throws UsageError for what is no `host:port`, and where the port is taken
 */
export function inspectThis(option: string, given: string | true, { wait = false }: { wait?: boolean } = {}): void {
  const [, host = "127.0.0.1", port] = /^(?:(.+):)?(\d+)$/.exec(given === true ? "9229" : given) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new UsageError(`${option} ${given}: expected host:port, like 127.0.0.1:9229`);
  }
  const listen = (): void => {
    open(Number(port), host);
    if (url() !== undefined) return;
    throw new UsageError(`${option} ${host}:${port}: the port is taken; choose another, or 0 for a free one`);
  };
  if (wait) withoutListeners(listen, waitForDebugger);
  else listen();
}

/** Nothing of ours runs while somebody waits for a debugger: signals have to do what they do without us. */
function withoutListeners(...steps: readonly (() => void)[]): void {
  const listeners = stopSignals.map((signal) => [signal, process.listeners(signal)] as const);
  for (const signal of stopSignals) process.removeAllListeners(signal);
  try {
    for (const step of steps) step();
  } finally {
    for (const [signal, each] of listeners) for (const listener of each) process.on(signal, listener as () => void);
  }
}
