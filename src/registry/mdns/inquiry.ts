import type { Timer } from "../../time/time.js";
import type { Link } from "./link.js";
import type { ResolvedMdnsOptions } from "./options.js";

/** As many names of 88 bytes, the longest, as fit into a message. */
const mostTogether = 14;
/** Between two messages. */
const gapMs = 100;
/** Within which a name is not asked for again. */
const patienceMs = 1_000;
/** Who wait to be asked for. Who is not among them is heard of again. */
const mostPending = 256;

/** Asks who somebody is: many at a time and seldom, so that nobody makes a crowd of questions of one packet. */
export class Inquiry {
  readonly #link: Link;
  readonly #options: ResolvedMdnsOptions;
  readonly #pending = new Set<string>();
  /** When a name may be asked for again. */
  readonly #againAtMs = new Map<string, number>();
  #nextAtMs = 0;
  #timer: Timer | undefined;

  constructor(link: Link, options: ResolvedMdnsOptions) {
    this.#link = link;
    this.#options = options;
  }

  ask(name: string): void {
    const { clock } = this.#options;
    for (const [each, atMs] of this.#againAtMs) if (atMs <= clock.now()) this.#againAtMs.delete(each);
    if (this.#againAtMs.has(name) || this.#pending.size >= mostPending) return;
    this.#pending.add(name);
    this.#askSoon();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #askSoon(): void {
    const { clock } = this.#options;
    this.#timer ??= clock.timer(this.#nextAtMs - clock.now(), () => this.#askNow());
  }

  #askNow(): void {
    const nowMs = this.#options.clock.now();
    const names = [...this.#pending].slice(0, mostTogether);
    for (const name of names) {
      this.#pending.delete(name);
      this.#againAtMs.set(name, nowMs + patienceMs);
    }
    this.#link.query(names.map((name) => ({ name, type: "TXT" }))).catch(() => {}); // it is heard of again
    this.#timer = undefined;
    this.#nextAtMs = nowMs + gapMs;
    if (this.#pending.size > 0) this.#askSoon();
  }
}
