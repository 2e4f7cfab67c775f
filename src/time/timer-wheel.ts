import type { Timer } from "./clock.js";

/** What a wheel goes by, as Node has it. */
export interface TimeSource<A extends Alarm = Alarm> {
  /** In ms; never goes backwards. */
  now(): number;
  /** May fire early by its own clock's rounding: whatever it says is checked. */
  setTimeout(fire: () => void, ms: number): A;
  clearTimeout(alarm: A): void;
  setImmediate(fire: () => void): unknown;
}

export interface Alarm {
  ref(): unknown;
  unref(): unknown;
}

/** `setTimeout` counts in signed 32 bits: a longer delay would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

/** Later than any clock will say, and still a number to compare with. */
const never = Number.MAX_VALUE;

const slots = 64;
/** How many ms a slot of each level is wide. The last reaches 12 days ahead: what is later comes by more than once. */
const widths: readonly number[] = [1, slots, slots ** 2, slots ** 3, slots ** 4];

/**
 * Any number of timers on one `setTimeout`: a hierarchical timing wheel (Varghese and Lauck, "Hashed and Hierarchical
 * Timing Wheels", 1987). To add and to cancel costs a few links, however many wait.
 *
 * A level is a ring of slots, each as wide as the whole level below. A timer lies where its moment is, the less exactly the
 * farther away it is, and moves down when the wheel comes to its slot. Timers fire in the order in which they are due,
 * those due together in the order in which they were made; promises go on in between. The process may end while only
 * background timers wait.
 */
export class TimerWheel<A extends Alarm = Alarm> {
  readonly #source: TimeSource<A>;
  readonly #rings: readonly Link[] = Array.from({ length: widths.length * slots }, () => new Link());
  /** Those whose time has come, in their order. */
  readonly #due = new Link();
  /** The whole ms up to which everything has been moved down. */
  #turnedTo: number;
  /** No timer is due earlier, unless it is in `#due`. */
  #wakeAt = Number.POSITIVE_INFINITY;
  #alarm: A | undefined;
  #made = 0;
  /** How many wait for which the process has to stay. */
  #foreground = 0;

  constructor(source: TimeSource<A>) {
    this.#source = source;
    this.#turnedTo = Math.floor(source.now());
  }

  /** As `Clock.timer()`. */
  add(delayMs: number, fire: () => void, background: boolean): Timer {
    const now = this.#source.now();
    const dueAt = delayMs > 0 ? Math.min(now + delayMs, never) : now;
    const timer = new WheelTimer(this, dueAt, this.#made++, fire, background);
    this.#put(timer);
    if (!background) this.#foreground++;
    if (dueAt < this.#wakeAt) this.#wakeBy(dueAt, now);
    else if (!background && this.#foreground === 1) this.#alarm?.ref();
    return timer;
  }

  /** Nothing happens where it has fired or been taken out before. */
  remove(timer: WheelTimer): void {
    if (timer.alone) return;
    timer.unlink();
    // The alarm stays: it is cheaper to wake up once for nothing than to set it anew for every call.
    if (!timer.background && --this.#foreground === 0) this.#alarm?.unref();
  }

  #put(timer: WheelTimer): void {
    const distance = timer.dueAt - this.#turnedTo;
    let level = 0;
    while (level < widths.length - 1 && distance >= widthOf(level + 1)) level++;
    this.#ring(level, Math.floor(timer.dueAt / widthOf(level))).append(timer);
  }

  #ring(level: number, slot: number): Link {
    return this.#rings[level * slots + (slot & (slots - 1))] as Link;
  }

  readonly #wake = (): void => {
    this.#alarm = undefined;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const now = this.#source.now();
    const due = this.#turn(now);
    this.#wakeNext(now);
    // One by one: what a timer sets going goes on before the next, which it may cancel, and its failure is its own.
    for (let others = due - 1; others > 0; others--) this.#source.setImmediate(this.#fireNext);
    this.#fireNext();
  };

  readonly #fireNext = (): void => {
    if (this.#due.alone) return;
    const timer = this.#due.next as WheelTimer;
    this.remove(timer);
    timer.fire();
  };

  /** Moves everything down that lies between the last turn and now. Returns how many are due. */
  #turn(now: number): number {
    const before = this.#turnedTo;
    this.#turnedTo = Math.floor(now);
    const passed: WheelTimer[] = [];
    for (let level = 0; level < widths.length; level++) {
      const first = Math.floor(before / widthOf(level)) + (level === 0 ? 0 : 1);
      const last = Math.min(Math.floor(this.#turnedTo / widthOf(level)), first + slots - 1);
      for (let slot = first; slot <= last; slot++) this.#ring(level, slot).takeAll(passed);
    }
    const due: WheelTimer[] = [];
    for (const timer of passed) {
      if (timer.dueAt <= now) due.push(timer);
      else this.#put(timer);
    }
    due.sort((one, other) => one.dueAt - other.dueAt || one.serial - other.serial);
    for (const timer of due) this.#due.append(timer);
    return due.length;
  }

  /** Sets the alarm for whatever comes next: a timer, or a slot that has to be moved down. */
  #wakeNext(now: number): void {
    let at = Number.POSITIVE_INFINITY;
    for (let level = 0; level < widths.length; level++) at = Math.min(at, this.#nextOf(level));
    if (at < Number.POSITIVE_INFINITY) this.#wakeBy(at, now);
  }

  #nextOf(level: number): number {
    const width = widthOf(level);
    const first = Math.floor(this.#turnedTo / width) + (level === 0 ? 0 : 1);
    for (let slot = first; slot < first + slots; slot++) {
      const ring = this.#ring(level, slot);
      if (!ring.alone) return level === 0 ? earliest(ring) : slot * width;
    }
    return Number.POSITIVE_INFINITY;
  }

  #wakeBy(at: number, now: number): void {
    if (this.#alarm !== undefined) this.#source.clearTimeout(this.#alarm);
    this.#wakeAt = at;
    this.#alarm = this.#source.setTimeout(this.#wake, Math.min(Math.ceil(at - now), longestDelayMs));
    if (this.#foreground === 0) this.#alarm.unref();
  }
}

function widthOf(level: number): number {
  return widths[level] as number;
}

/** A link of a ring; alone, it is a ring of itself. */
class Link {
  next: Link = this;
  previous: Link = this;

  get alone(): boolean {
    return this.next === this;
  }

  /** @param link one that is alone */
  append(link: Link): void {
    const last = this.previous;
    link.previous = last;
    link.next = this;
    last.next = link;
    this.previous = link;
  }

  unlink(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.next = this;
    this.previous = this;
  }

  /** Takes all others out of the ring. */
  takeAll(taken: WheelTimer[]): void {
    for (let { next } = this; next !== this; next = this.next) {
      next.unlink();
      taken.push(next as WheelTimer);
    }
  }
}

class WheelTimer extends Link implements Timer {
  readonly #wheel: TimerWheel;
  readonly dueAt: number;
  readonly serial: number;
  readonly fire: () => void;
  readonly background: boolean;

  constructor(wheel: TimerWheel, dueAt: number, serial: number, fire: () => void, background: boolean) {
    super();
    this.#wheel = wheel;
    this.dueAt = dueAt;
    this.serial = serial;
    this.fire = fire;
    this.background = background;
  }

  cancel(): void {
    this.#wheel.remove(this);
  }
}

/** When the first of a ring of timers is due. */
function earliest(ring: Link): number {
  let at = Number.POSITIVE_INFINITY;
  for (let { next } = ring; next !== ring; next = next.next) at = Math.min(at, (next as WheelTimer).dueAt);
  return at;
}
