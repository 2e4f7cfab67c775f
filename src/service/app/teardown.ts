import type { Hook } from "../spec.js";

/** What must be undone, the last first; what comes when that has happened is undone at once. */
export class Teardown {
  readonly #hooks: Hook[] = [];
  readonly #onFailure: (error: unknown) => void;
  #done: Promise<void> | undefined;

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  add(hook: Hook): void {
    if (this.#done === undefined) this.#hooks.push(hook);
    else void this.#undo(hook);
  }

  /** Disposes of it then. @throws TypeError where it does not say how */
  own<T extends Disposable | AsyncDisposable>(resource: T): T {
    const { [Symbol.asyncDispose]: disposeAsync, [Symbol.dispose]: dispose }: Partial<Disposable & AsyncDisposable> =
      resource ?? {};
    const undo = disposeAsync ?? dispose;
    if (undo === undefined)
      throw new TypeError("use: expected something with [Symbol.dispose] or [Symbol.asyncDispose]");
    this.add(() => undo.call(resource));
    return resource;
  }

  /** Whatever fails is told, and holds up nothing else. */
  run(): Promise<void> {
    this.#done ??= this.#undoAll();
    return this.#done;
  }

  async #undoAll(): Promise<void> {
    for (const hook of this.#hooks.reverse()) await this.#undo(hook);
  }

  async #undo(hook: Hook): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
