import { open, url, waitForDebugger } from "node:inspector";
import type { Command } from "commander";
import { UsageError } from "../failure.js";

export interface InspectOptions {
  readonly inspect?: string | true;
  readonly inspectBrk?: string | true;
}

export function addInspectOptions(command: Command): Command {
  return command
    .option("--inspect [host:port]", "let a debugger attach to this process (default: 127.0.0.1:9229)")
    .option("--inspect-brk [host:port]", "the same, and wait for it before anything starts");
}

const stopSignals = ["SIGINT", "SIGTERM"] as const;

/**
 * Lets a debugger attach to this process, where that is asked for; Node says on stderr where. Where it is to be waited for this
 * returns when one has come; Ctrl-C ends the process before that.
 *
 * @throws UsageError for what is no `host:port`, and where the port is taken
 */
export function inspectThis({ inspect, inspectBrk }: InspectOptions): void {
  if (inspectBrk !== undefined) listenForDebugger("--inspect-brk", inspectBrk, true);
  else if (inspect !== undefined) listenForDebugger("--inspect", inspect, false);
}

/** @param given `host:port`, a port alone, or true for the usual place */
function listenForDebugger(option: string, given: string | true, wait: boolean): void {
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
