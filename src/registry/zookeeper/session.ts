import { AsyncLocalStorage } from "node:async_hooks";
import { setMaxListeners } from "node:events";
import { type Backoff, exponentialBackoff } from "../../time/time.js";
import { closedError } from "../failures.js";
import { Upkeep } from "../upkeep.js";
import { Waiters } from "../waiters.js";
import { Watchdog } from "../watchdog.js";
import { toRpcError } from "./failures.js";
import type { Address, ResolvedZooKeeperOptions } from "./options.js";
import { Connection, RefusedError, SilentError } from "./wire/connection.js";
import { errorCode, hasCode, type NodeEvent, type Ticket } from "./wire/protocol.js";

/** How long a server may take over a goodbye. Who cannot be told lets the session expire. */
export const goodbyeMs = 1_000;

const shortestPatienceMs = 1_000;

/** To come back in time counts: after its timeout a session is lost. Java's client tries every second, for ever. */
function connectBackoff({ random }: ResolvedZooKeeperOptions): Backoff {
  return exponentialBackoff({ initialMs: 100, maxMs: 2_000, random });
}

/**
 * One session for everything a registry does. Connects at first use and again whenever the connection ends, to the next
 * server; the session goes on as long as servers know it, and then a new one begins.
 */
export class Session {
  readonly #options: ResolvedZooKeeperOptions;
  readonly #upkeep = new Upkeep();
  readonly #listeners = new Map<string, Set<(event: NodeEvent) => void>>();
  readonly #onLost = new Set<() => void>();
  readonly #onPong = new Set<() => void>();
  readonly #onEnded = new Set<() => void>();
  readonly #silence: Watchdog;
  /** What goes on in the background belongs to no call, even where `list()` has begun it. */
  readonly #outsideCalls = AsyncLocalStorage.snapshot();
  #ticket: Ticket;
  #lastZxid = 0n;
  #next = 0;
  /** How many attempts in a row were not answered. */
  #silences = 0;
  #connection: Connection | undefined;
  #failure: Error | undefined;
  /** Who waits for the end of the attempt that is being made, or for the next. */
  readonly #waiters = new Waiters();
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedZooKeeperOptions) {
    this.#options = options;
    setMaxListeners(0, this.#upkeep.signal); // any number of lists may wait for a connection, and each hears of it
    this.#ticket = this.#none();
    this.#silence = new Watchdog(options.clock, () => this.#lost());
  }

  /**
   * The connection of the moment; where there is none, that of the attempt that is being made.
   *
   * @throws RpcError what the last attempt failed with; FAILED_PRECONDITION where the signal aborts meanwhile
   */
  async connection(signal: AbortSignal = this.#upkeep.signal): Promise<Connection> {
    this.#begin();
    if (this.#connection === undefined && this.#failure === undefined) await this.#waiters.wait(signal);
    if (this.#upkeep.closing || signal.aborted) throw closedError(this.#options.name);
    if (this.#connection !== undefined) return this.#connection;
    throw toRpcError(this.#failure, this.#options);
  }

  /** There is no connection at present. */
  get away(): boolean {
    return this.#connection === undefined;
  }

  /** Resolves at the next connection, and when the signal aborts. */
  async nextConnection(signal: AbortSignal): Promise<void> {
    do await this.#waiters.wait(signal);
    while (!signal.aborted && this.#connection === undefined);
  }

  /** Calls back for what happens to a node and to its children. Returns what ends that. */
  listen(path: string, listener: (event: NodeEvent) => void): () => void {
    const listeners = this.#listeners.get(path) ?? new Set();
    this.#listeners.set(path, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(path) === listeners) this.#listeners.delete(path);
    };
  }

  /** Calls back when the session is lost, or must be presumed to be, and every ephemeral node with it. */
  onLost(listener: () => void): () => void {
    this.#onLost.add(listener);
    return () => this.#onLost.delete(listener);
  }

  /** Calls back when a server has answered a ping: what is watched over this connection has not changed unheard. */
  onPong(listener: () => void): () => void {
    this.#onPong.add(listener);
    return () => this.#onPong.delete(listener);
  }

  /** Calls back when the connection of the moment has ended. */
  onEnded(listener: () => void): () => void {
    this.#onEnded.add(listener);
    return () => this.#onEnded.delete(listener);
  }

  /** Ends the session, and every ephemeral node with it; what waits for an answer is refused, after a second at most. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  #begin(): void {
    this.#outsideCalls(() =>
      this.#upkeep.start((well) => this.#hold(well), {
        ...this.#options,
        what: "session",
        backoff: connectBackoff(this.#options),
        healthyMs: 10_000,
      }),
    );
  }

  async #hold(well: () => void): Promise<void> {
    const connection = await this.#connect();
    this.#connection = connection;
    this.#silence.feed(this.#ticket.timeoutMs);
    this.#tellRenewal(true);
    this.#settle();
    well();
    const reason = await connection.ended;
    this.#lastZxid = connection.lastZxid;
    this.#connection = undefined;
    for (const listener of [...this.#onEnded]) listener();
    if (!this.#upkeep.closing) this.#tellRenewal(false);
    throw reason;
  }

  /** Tries every server once. */
  async #connect(): Promise<Connection> {
    this.#failure = undefined;
    const { addresses } = this.#options;
    const failures: Error[] = [];
    while (failures.length < addresses.length) {
      try {
        return await this.#open();
      } catch (error) {
        if (this.#upkeep.closing) throw error;
        if (hasCode(error, errorCode.SESSION_EXPIRED) && this.#ticket.id !== 0n) this.#expired();
        else failures.push(error as Error);
        if (error instanceof SilentError) this.#silences += 1;
      }
    }
    // Servers refuse who has seen more than they have. Where all of them do, their data is lost, and what was seen is void.
    if (failures.every((error) => error instanceof RefusedError)) this.#lastZxid = 0n;
    const failure = failures.at(-1) as Error;
    this.#settle(failure);
    throw failure;
  }

  async #open(): Promise<Connection> {
    const { addresses, clock, digest, requestTimeoutMs } = this.#options;
    const address = addresses[this.#next++ % addresses.length] as Address;
    const connection = await Connection.open(
      {
        ...address,
        ticket: this.#ticket,
        lastZxid: this.#lastZxid,
        // A server that is just starting may take the question and forget it: the first waits are short.
        answerTimeoutMs: Math.min(requestTimeoutMs, shortestPatienceMs * 2 ** this.#silences),
        digest,
        clock,
        onEvent: (event) => this.#tell(event),
        onAlive: () => this.#silence.feed(this.#ticket.timeoutMs),
        onPong: () => this.#ponged(),
      },
      this.#upkeep.signal,
    );
    this.#next -= 1; // The server that works comes first next time.
    this.#silences = 0;
    this.#ticket = connection.ticket;
    return connection;
  }

  #settle(failure?: Error): void {
    this.#failure = failure;
    this.#waiters.wake();
  }

  #tell(event: NodeEvent): void {
    const parent = event.path.slice(0, event.path.lastIndexOf("/"));
    for (const path of [event.path, parent]) {
      for (const listener of [...(this.#listeners.get(path) ?? [])]) listener(event);
    }
  }

  #expired(): void {
    this.#options.logger.warn({}, "the session has expired; a new one begins");
    this.#ticket = this.#none();
    this.#lost();
  }

  #lost(): void {
    for (const listener of [...this.#onLost]) listener();
  }

  #ponged(): void {
    this.#tellRenewal(true);
    for (const listener of [...this.#onPong]) listener();
  }

  /** Who has registered nothing renews nothing. */
  #tellRenewal(ok: boolean): void {
    if (this.#onLost.size > 0) this.#options.monitor({ type: "renewal", ok });
  }

  #none(): Ticket {
    return { id: 0n, password: Buffer.alloc(16), timeoutMs: this.#options.ttlMs };
  }

  async #end(): Promise<void> {
    const closed = this.#upkeep.close();
    const connection = this.#connection;
    if (connection !== undefined) {
      const patience = this.#options.clock.timer(goodbyeMs, () => connection.destroy(new Error("closed")));
      await connection.closeSession().catch(() => {});
      patience.cancel();
    }
    await closed;
    this.#silence.stop();
  }
}
