import type { Clock, Timer } from "../../src/time/time.js";
import { ManualClock } from "./manual-clock.js";

interface Pending {
  readonly dueMs: number;
  readonly fire: () => void;
  readonly inner: Timer;
}

/** A manual clock that can jump, as time does for a process that was stopped: whatever came due meanwhile fires at once. */
export class NappingClock implements Clock {
  readonly #clock = new ManualClock();
  readonly #pending = new Set<Pending>();
  #napMs = 0;

  now(): number {
    return this.#clock.now() + this.#napMs;
  }

  timer(delayMs: number, fire: () => void): Timer {
    const inner = this.#clock.timer(delayMs, () => {
      this.#pending.delete(pending);
      fire();
    });
    const pending: Pending = { dueMs: this.now() + delayMs, fire, inner };
    this.#pending.add(pending);
    return {
      cancel: () => {
        this.#pending.delete(pending);
        inner.cancel();
      },
    };
  }

  run(ms: number): Promise<void> {
    return this.#clock.run(ms);
  }

  nap(ms: number): void {
    this.#napMs += ms;
    const due = [...this.#pending].filter(({ dueMs }) => dueMs <= this.now()).sort((a, b) => a.dueMs - b.dueMs);
    for (const pending of due) {
      if (!this.#pending.delete(pending)) continue;
      pending.inner.cancel();
      pending.fire();
    }
  }
}
