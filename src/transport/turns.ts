/** After so many messages everything else has its turn: about half a millisecond of small ones. */
const messagesPerTurn = 1000;

/** A stream that never waits shall not keep the process from all its other work, timers and cancellations among it. */
export class Turns {
  #left = messagesPerTurn;

  /** To be asked after every message. Undefined where the next may follow; else resolves when the others had their turn. */
  next(): Promise<void> | undefined {
    if (--this.#left > 0) return undefined;
    this.#left = messagesPerTurn;
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
