/** What asks a process to stop. */
const signals = ["SIGINT", "SIGTERM"] as const;

/** What starts programs, `npx` or `make`, passes on a signal that the terminal has sent to all of them. */
const echoMs = 1_000;

export interface StopSignal {
  /** Resolves at the first SIGINT or SIGTERM. One that comes a second later or more ends the process: somebody does not want to wait. */
  readonly signal: Promise<NodeJS.Signals>;
  /** Listens no more. */
  release(): void;
}

export function untilSignal(): StopSignal {
  let stoppingSince: number | undefined;
  let onSignal: (signal: NodeJS.Signals) => void = () => {};
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    onSignal = (received) => {
      if (stoppingSince !== undefined && performance.now() - stoppingSince >= echoMs) process.exit(1);
      stoppingSince ??= performance.now();
      resolve(received);
    };
  });
  for (const each of signals) process.on(each, onSignal);
  return {
    signal,
    release: () => {
      for (const each of signals) process.off(each, onSignal);
    },
  };
}
