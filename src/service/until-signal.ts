/** What asks a process to stop. */
const signals = ["SIGINT", "SIGTERM"] as const;

export interface StopSignal {
  /** Resolves at the first SIGINT or SIGTERM. A second one ends the process at once: somebody does not want to wait. */
  readonly signal: Promise<NodeJS.Signals>;
  /** Listens no more. */
  release(): void;
}

export function untilSignal(): StopSignal {
  let stopping = false;
  let onSignal: (signal: NodeJS.Signals) => void = () => {};
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    onSignal = (received) => {
      if (stopping) process.exit(1);
      stopping = true;
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
