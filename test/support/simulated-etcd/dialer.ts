import { Connection } from "./connection.js";
import type { Link } from "./link.js";
import type { SimulatedEtcd } from "./simulated-etcd.js";

export interface DialerOptions {
  readonly etcd: SimulatedEtcd;
  readonly link: Link;
  readonly onEnd: (why: string) => void;
}

/** As grpc-js where a connection was refused, at most as the real client is set. */
const reconnectMs = { first: 100, most: 1_000 };
/** As the real connection: one this young is not given up for what a stream of the one before has not heard. */
const youngMs = 1_000;

/** The one connection of a client, made when it is needed. */
export class Dialer {
  readonly #options: DialerOptions;
  #current: Connection | undefined;
  #sinceMs = 0;
  #refusedUntilMs = 0;
  #refusals = 0;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** There is one, and it had the time to show what it is worth. */
  get isGrown(): boolean {
    return this.#current !== undefined && this.#now() - this.#sinceMs >= youngMs;
  }

  /** Nothing where the last try was refused a moment ago, as grpc-js fails at once then. */
  connection(): Connection | undefined {
    const now = this.#now();
    if (this.#current === undefined && now >= this.#refusedUntilMs) {
      this.#current = this.#dial();
      this.#sinceMs = now;
    }
    return this.#current;
  }

  end(why: string): void {
    this.#current?.end(why);
  }

  /** The next call dials anew, whatever came of the last. */
  anew(why: string): void {
    this.#refusedUntilMs = 0;
    this.end(why);
  }

  #now(): number {
    return this.#options.link.clock.now();
  }

  #dial(): Connection {
    const { etcd, link, onEnd } = this.#options;
    let opened = false;
    const connection: Connection = new Connection(etcd, link, {
      open: () => {
        opened = true;
        this.#refusals = 0;
      },
      end: (why) => {
        if (this.#current === connection) this.#current = undefined;
        if (!opened) this.#backOff();
        onEnd(why);
      },
    });
    return connection;
  }

  #backOff(): void {
    const { random } = this.#options.link;
    this.#refusals += 1;
    const waitMs = Math.min(reconnectMs.most, reconnectMs.first * 1.6 ** this.#refusals);
    this.#refusedUntilMs = this.#now() + waitMs * (0.8 + 0.4 * random());
  }
}
