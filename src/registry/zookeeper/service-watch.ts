import { LeftOut } from "../left-out.js";
import { markInterrupted } from "../mark-interrupted.js";
import { healthyMs, reconnectBackoff } from "../reconnect-backoff.js";
import type { Feed } from "../service-view.js";
import { Upkeep } from "../upkeep.js";
import { Wakeup } from "../wakeup.js";
import { type Child, readChild } from "./child.js";
import { toRpcError } from "./failures.js";
import type { Nodes } from "./nodes.js";
import type { ResolvedZooKeeperOptions } from "./options.js";
import type { Session } from "./session.js";
import type { Connection } from "./wire/connection.js";

/**
 * Follows the children of one service's node. Every read sets the watch for the next change, so nothing is missed between
 * them; what changes while a round of reads is under way is read in the next, however much it is. Watches end with the
 * connection: over a new one everything is read again.
 */
export class ServiceWatch {
  readonly #feed: Feed;
  readonly #session: Session;
  readonly #nodes: Nodes;
  readonly #options: ResolvedZooKeeperOptions;
  readonly #path: string;
  readonly #leftOut: LeftOut;
  readonly #upkeep = new Upkeep();
  readonly #wakeup = new Wakeup();
  readonly #known = new Map<string, Child>();
  /** Names whose data has to be read. */
  readonly #changed = new Set<string>();
  #childrenChanged = true;

  /** @throws TypeError for a name that ZooKeeper cannot have */
  constructor(feed: Feed, session: Session, nodes: Nodes, options: ResolvedZooKeeperOptions) {
    this.#feed = feed;
    this.#session = session;
    this.#nodes = nodes;
    this.#options = options;
    this.#path = nodes.ofService(feed.service);
    this.#leftOut = new LeftOut(options.logger, { service: feed.service });
  }

  start(): void {
    this.#upkeep.start((well) => this.#follow(well), {
      ...this.#options,
      what: `watch of ${this.#path}`,
      backoff: reconnectBackoff(this.#options.random),
      healthyMs,
      onEnd: () => markInterrupted(this.#feed, this.#options),
      early: (signal) => this.#session.nextConnection(signal),
    });
  }

  close(): Promise<void> {
    const closed = this.#upkeep.close();
    this.#wakeup.wake();
    return closed;
  }

  async #follow(well: () => void): Promise<void> {
    const { signal } = this.#upkeep;
    const connection = await this.#session.connection(signal);
    const forget = this.#session.listen(this.#path, ({ path }) => this.#heard(path));
    const unfollow = this.#session.onEnded(() => this.#wakeup.wake());
    this.#childrenChanged = true;
    for (const name of this.#known.keys()) this.#changed.add(name);
    try {
      while (!signal.aborted) {
        await this.#read(connection);
        if (signal.aborted) return;
        this.#tell();
        well();
        await this.#next();
        connection.check();
      }
    } catch (reason) {
      throw toRpcError(reason, this.#options);
    } finally {
      forget();
      unfollow();
    }
  }

  #tell(): void {
    const known = [...this.#known.values()];
    this.#leftOut.report(known.flatMap(({ reason }) => reason ?? []));
    this.#feed.publish(known.flatMap(({ instance }) => instance ?? []));
  }

  /** Until something changes; meanwhile every answered ping confirms that nothing has. */
  async #next(): Promise<void> {
    const forget = this.#session.onPong(() => this.#feed.confirm());
    await this.#wakeup.wait();
    forget();
  }

  #heard(path: string): void {
    if (path === this.#path) this.#childrenChanged = true;
    else this.#changed.add(path.slice(this.#path.length + 1));
    this.#options.monitor({ type: "changes", service: this.#feed.service, count: 1 });
    this.#wakeup.wake();
  }

  async #read(connection: Connection): Promise<void> {
    if (this.#childrenChanged) {
      this.#childrenChanged = false;
      const names = new Set(await this.#children(connection));
      for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
      for (const name of names) if (this.#known.get(name)?.instance === undefined) this.#changed.add(name);
    }
    const names = [...this.#changed];
    this.#changed.clear();
    await Promise.all(names.map((name) => this.#readChild(connection, name)));
  }

  async #children(connection: Connection): Promise<readonly string[]> {
    for (;;) {
      const names = await connection.children(this.#path);
      if (names !== undefined) return names;
      if ((await connection.exists(this.#path)) === undefined) return [];
    }
  }

  async #readChild(connection: Connection, name: string): Promise<void> {
    const child = await readChild(connection, this.#nodes, `${this.#path}/${name}`);
    if (child === undefined) this.#known.delete(name);
    else this.#known.set(name, child);
  }
}
