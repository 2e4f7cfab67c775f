/** Something that happens once, and what came with it. */
export class Moment<T = void> {
  readonly promise: Promise<T>;
  #happened = false;
  #resolve!: (value: T) => void;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get happened(): boolean {
    return this.#happened;
  }

  /** It happens now. An arrow function, so that it can be handed on. */
  readonly now = (value: T): void => {
    this.#happened = true;
    this.#resolve(value);
  };
}

/** Never resolves; what a handler awaits that is to be ended from outside. */
export const forever: Promise<never> = new Promise(() => {});

/** Rejects when the signal aborts, with its reason. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
