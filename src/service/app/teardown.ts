import type { Logger } from "../../contract/contract.js";
import type { Hook } from "../spec.js";
import { nameOf, type StopTime } from "../stop-time.js";

interface Undoing {
  /** For messages: `teardown 2 (OrderBook)`. */
  readonly what: string;
  readonly run: Hook;
}

/** What must be undone, the last first; what comes when that has begun is undone at once. */
export class Teardown {
  readonly #hooks: Undoing[] = [];
  readonly #logger: Logger;
  #count = 0;
  #stop: StopTime | undefined;
  #done: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(run: Hook, name: string = run.name): void {
    const undoing = { what: nameOf("teardown", this.#count++, name), run };
    if (this.#stop === undefined) this.#hooks.push(undoing);
    else void this.#undo(undoing, this.#stop);
  }

  /** Disposes of it then. @throws TypeError where it does not say how */
  own<T extends Disposable | AsyncDisposable>(resource: T): T {
    const { [Symbol.asyncDispose]: disposeAsync, [Symbol.dispose]: dispose }: Partial<Disposable & AsyncDisposable> =
      resource ?? {};
    const undo = disposeAsync ?? dispose;
    if (undo === undefined)
      throw new TypeError("use: expected something with [Symbol.dispose] or [Symbol.asyncDispose]");
    this.add(() => undo.call(resource), resource.constructor?.name);
    return resource;
  }

  /** Whatever fails or hangs is told, and holds up nothing else. */
  run(stop: StopTime): Promise<void> {
    this.#stop ??= stop;
    this.#done ??= this.#undoAll(this.#stop);
    return this.#done;
  }

  async #undoAll(stop: StopTime): Promise<void> {
    for (const each of this.#hooks.reverse()) await this.#undo(each, stop);
  }

  #undo({ what, run }: Undoing, stop: StopTime): Promise<void> {
    return stop.late(what, this.#logger, run);
  }
}
