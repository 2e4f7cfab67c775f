import type { Clock, Timer } from "../../../src/time/time.js";

interface Entry extends Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
  live: boolean;
}

/**
 * Time that passes from one event to the next. What is due together happens in the order in which it was asked for, and
 * between two events everything goes on that can go on without time: the same program over it does the same every time.
 */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  /** A binary heap: the next is first. */
  readonly #heap: Entry[] = [];
  #timers = 0;

  now(): number {
    return this.#nowMs;
  }

  /** How many timers wait that were made by `timer()`; what the simulation itself has under way does not count. */
  get pending(): number {
    return this.#timers;
  }

  timer(delayMs: number, fire: () => void): Timer {
    this.#timers += 1;
    const entry = this.#add(delayMs, () => {
      this.#timers -= 1;
      fire();
    });
    return {
      cancel: () => {
        if (entry.live) this.#timers -= 1;
        entry.cancel();
      },
    };
  }

  /** A timer of the simulation itself. */
  later(delayMs: number, fire: () => void): Timer {
    return this.#add(delayMs, fire);
  }

  /** Lets `ms` pass. */
  async run(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await goOn();
    for (let next = this.#heap[0]; next !== undefined && next.dueMs <= untilMs; next = this.#heap[0]) {
      this.#takeFirst();
      if (!next.live) continue;
      next.live = false;
      this.#nowMs = next.dueMs;
      next.fire();
      await goOn();
    }
    this.#nowMs = untilMs;
  }

  #add(delayMs: number, fire: () => void): Entry {
    const entry: Entry = {
      dueMs: this.#nowMs + Math.max(0, delayMs || 0),
      order: this.#order++,
      fire,
      live: true,
      cancel: () => {
        entry.live = false;
      },
    };
    this.#rise(entry);
    return entry;
  }

  #rise(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(entry, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  #takeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below += 1;
      if (!before(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

/** Every microtask and every `nextTick` comes before an immediate, however many there are. */
function goOn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
