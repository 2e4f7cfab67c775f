import type { Clock } from "../../time/time.js";
import type { Intensity } from "../spec.js";

/** Counts restarts within a moving window of time. */
export class RestartWindow {
  readonly #intensity: Intensity;
  readonly #clock: Clock;
  /** When there were restarts, oldest first; no more of them than are allowed. */
  #times: number[] = [];

  constructor(intensity: Intensity, clock: Clock) {
    this.#intensity = intensity;
    this.#clock = clock;
  }

  /** One more. False, and not counted, where it would be one too many. */
  add(): boolean {
    const nowMs = this.#clock.now();
    this.#times = this.#times.filter((time) => nowMs - time < this.#intensity.withinMs);
    if (this.#times.length >= this.#intensity.restarts) return false;
    this.#times.push(nowMs);
    return true;
  }

  clear(): void {
    this.#times = [];
  }
}
