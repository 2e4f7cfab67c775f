import type { Closeable } from "../../contract/contract.js";
import { type Clock, systemClock, type Timer } from "../../time/time.js";
import {
  type ChildMessage,
  nameVariable,
  readSupervisorMessage,
  type SupervisorMessage,
  tagged,
} from "../child-protocol.js";
import { type CallCounts, Vitals } from "./vitals.js";

export type { CallCounts } from "./vitals.js";

export interface JoinOptions {
  /** What this process has served since it was last asked; asked once a second. Default: nothing. */
  readonly calls?: () => CallCounts;
  /** What answers when the supervisor is asked something of this process, by name: JSON in, JSON out. Default: nothing. */
  readonly commands?: { readonly [name: string]: (payload: unknown) => unknown };
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** A supervised process's side. Nothing of it keeps the process alive, but a `takeOver` that waits. */
export interface SupervisorLink extends Closeable {
  /** Its name in the supervisor's tree: `orders-1`. */
  readonly name: string;
  /** Says what is being done now, while starting: the last step is named where it hangs. */
  step(text: string): void;
  /**
   * Says, while starting, that somebody else listens at this address. Resolves with true once the process that this one
   * replaces has gone for it; with false where it replaces none: it may as well give up. Calls that wait together get one
   * answer: with the process that is replaced all its addresses are free.
   */
  takeOver(address: string): Promise<boolean>;
  /** It listens and is registered: those that come after it may start. From now on it is measured, and pinged. */
  ready(): void;
  /** Resolves when the supervisor has died, not by `close()`: this process must then end by itself, and soon. */
  readonly lost: Promise<void>;
  /** Says nothing more, and answers no ping: the last thing before the process ends. */
  close(): Promise<void>;
}

const statsEveryMs = 1_000;

/** Undefined where no supervisor started this process, or it was joined before. Pings are answered from here on. */
export function joinSupervisor(options: JoinOptions = {}): SupervisorLink | undefined {
  const name = process.env[nameVariable];
  if (name === undefined || process.send === undefined) return undefined;
  delete process.env[nameVariable]; // what this process forks has a channel too, and it is not the supervisor's
  return new Link(name, options);
}

class Link implements SupervisorLink {
  readonly name: string;
  readonly lost: Promise<void>;
  readonly #options: JoinOptions;
  readonly #clock: Clock;
  readonly #onMessage = (value: unknown): void => this.#heard(value);
  #resolveLost!: () => void;
  #goOn: ((alone: boolean) => void) | undefined;
  /** What `takeOver` waits for. */
  #room: Promise<boolean> | undefined;
  #vitals: Vitals | undefined;
  #timer: Timer | undefined;

  constructor(name: string, options: JoinOptions) {
    this.name = name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    process.on("message", this.#onMessage);
    process.once("disconnect", this.#resolveLost);
    process.channel?.unref();
    // The pipes end with the supervisor: what is written then must not end this process before it has stopped in order.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreBrokenPipe);
  }

  step(text: string): void {
    this.#say({ type: "step", text });
  }

  takeOver(address: string): Promise<boolean> {
    this.#room ??= this.#askForRoom(address).finally(() => {
      this.#room = undefined;
    });
    return this.#room;
  }

  ready(): void {
    this.#say({ type: "ready" });
    if (this.#vitals !== undefined) return;
    this.#vitals = new Vitals(this.#clock, this.#options.calls ?? (() => ({ calls: 0, errors: 0 })));
    this.#measure(this.#vitals);
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#vitals?.stop();
    process.off("message", this.#onMessage);
    process.off("disconnect", this.#resolveLost);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #askForRoom(address: string): Promise<boolean> {
    const answer = new Promise<boolean>((resolve) => {
      this.#goOn = resolve;
    });
    process.channel?.ref(); // a process that listens nowhere yet may have nothing else to stay for
    this.#say({ type: "blocked", address });
    const alone = await Promise.race([answer, this.lost.then(() => false)]);
    process.channel?.unref();
    return alone;
  }

  /** Now, and then every second. */
  #measure(vitals: Vitals): void {
    this.#say({ type: "stats", stats: vitals.look() });
    this.#timer = this.#clock.timer(statsEveryMs, () => this.#measure(vitals), true);
  }

  #heard(value: unknown): void {
    const message = readSupervisorMessage(value);
    if (message?.type === "ping") this.#say({ type: "pong", ping: message.ping });
    else if (message?.type === "go-on") this.#goOn?.(message.alone);
    else if (message !== undefined) void this.#answer(message);
  }

  async #answer({ id, name, payload }: SupervisorMessage & { readonly type: "command" }): Promise<void> {
    try {
      const { commands = {} } = this.#options;
      if (!Object.hasOwn(commands, name)) throw new Error(`knows no command "${name}"`);
      this.#say({ type: "answer", id, payload: await commands[name]?.(payload) });
    } catch (reason) {
      this.#say({ type: "answer", id, error: reason instanceof Error ? reason.message : String(reason) });
    }
  }

  #say(message: ChildMessage): void {
    if (process.connected) process.send?.(tagged(message), undefined, undefined, () => {});
  }
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
