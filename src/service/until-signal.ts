/** What asks a process to stop. */
const signals = ["SIGINT", "SIGTERM"] as const;

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process at once: somebody does not want to wait. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const signal of signals) {
      process.on(signal, () => {
        if (stopping) process.exit(1);
        stopping = true;
        resolve(signal);
      });
    }
  });
}
