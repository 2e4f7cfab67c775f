import type { Instance } from "../../contract/contract.js";
import { closedError, registeredTwiceError } from "../failures.js";
import type { RegisterOptions } from "../registry.js";
import type { Nodes } from "./nodes.js";
import type { ResolvedZooKeeperOptions } from "./options.js";
import { ZooKeeperRegistration } from "./registration.js";
import type { Session } from "./session.js";
import { errorCode, hasCode } from "./wire/protocol.js";

/** Everything one registry has registered, in one session. */
export class ZooKeeperRegistrar {
  readonly #session: Session;
  readonly #options: ResolvedZooKeeperOptions;
  readonly #nodes: Nodes;
  readonly #byId = new Map<string, ZooKeeperRegistration>();
  readonly #ending = new Set<Promise<void>>();
  /** Nodes that could not be deleted, and that the session would keep. */
  readonly #leftOver = new Set<string>();
  readonly #closing = new AbortController();
  #cleaning: Promise<void> | undefined;

  constructor(session: Session, options: ResolvedZooKeeperOptions, nodes: Nodes) {
    this.#session = session;
    this.#options = options;
    this.#nodes = nodes;
  }

  async register(instance: Instance, options: RegisterOptions = {}): Promise<ZooKeeperRegistration> {
    const { timeoutMs = 10_000, wait = true } = options;
    const { id } = instance;
    const registration: ZooKeeperRegistration = new ZooKeeperRegistration(instance, {
      session: this.#session,
      options: this.#options,
      nodes: this.#nodes,
      remove: (path) => this.#remove(id, registration, path),
    });
    if (this.#closing.signal.aborted) throw closedError(this.#options.name);
    if (this.#byId.has(id)) throw registeredTwiceError(this.#options.name, id);
    this.#byId.set(id, registration);
    this.#leftOver.delete(registration.path);
    registration.start();
    if (!wait) return registration;
    try {
      await registration.publication.registered(timeoutMs);
    } catch (error) {
      this.#byId.delete(id);
      this.#endLater(registration.close());
      throw error;
    }
    return registration;
  }

  /** The nodes go with the session, which is to be closed next. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#byId.values()].map((registration) => registration.stop()));
    await Promise.all([...this.#ending, this.#cleaning]);
  }

  async #remove(id: string, registration: ZooKeeperRegistration, path: string): Promise<void> {
    try {
      if (this.#session.away) this.#leaveOver(path);
      else await this.#delete(path);
    } catch {
      this.#leaveOver(path);
    }
    if (this.#byId.get(id) === registration) this.#byId.delete(id);
  }

  /** Only a node of our own session: who took it over keeps it. */
  async #delete(path: string): Promise<void> {
    const connection = await this.#session.connection(this.#closing.signal);
    const found = await connection.exists(path);
    if (found?.owner !== connection.ticket.id) return;
    await connection.delete(path, found.version).catch((error: unknown) => {
      if (!hasCode(error, errorCode.NO_NODE, errorCode.BAD_VERSION)) throw error;
    });
  }

  #leaveOver(path: string): void {
    this.#leftOver.add(path);
    this.#cleaning ??= this.#clean().finally(() => {
      this.#cleaning = undefined;
    });
  }

  async #clean(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#leftOver.size > 0 && !signal.aborted) {
      await this.#session.nextConnection(signal);
      for (const path of this.#leftOver) {
        if (signal.aborted || !(await this.#delete(path).then(isDone, isNotDone))) break;
        this.#leftOver.delete(path);
      }
    }
  }

  #endLater(ending: Promise<void>): void {
    const tracked = ending.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}

const isDone = (): boolean => true;
const isNotDone = (): boolean => false;
