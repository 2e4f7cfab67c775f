import { Code, RpcError } from "../../errors/errors.js";
import { sleep } from "../../time/time.js";
import type { Keeper, Kept } from "../kept-registration.js";
import { healthyMs, reconnectBackoff } from "../reconnect-backoff.js";
import { Upkeep } from "../upkeep.js";
import { Wakeup } from "../wakeup.js";
import { toRpcError } from "./failures.js";
import type { NodeRemoval } from "./node-removal.js";
import type { Nodes } from "./nodes.js";
import type { ResolvedZooKeeperOptions } from "./options.js";
import { goodbyeMs, type Session } from "./session.js";
import type { Connection } from "./wire/connection.js";
import { errorCode, hasCode, type NewNode } from "./wire/protocol.js";

export interface ZooKeeperKeeperContext {
  readonly session: Session;
  readonly options: ResolvedZooKeeperOptions;
  readonly nodes: Nodes;
  readonly removal: NodeRemoval;
}

/**
 * One ephemeral node, kept as it should be: of this session, with the latest value, put back if it is deleted. A node that
 * an earlier process has left, and whose session has not expired yet, is replaced at once. Who takes the id while this
 * session has it keeps it, so that two who were given one id do not fight; this one is lost until the other leaves.
 */
export class ZooKeeperKeeper implements Keeper {
  readonly #kept: Kept;
  readonly #session: Session;
  readonly #options: ResolvedZooKeeperOptions;
  readonly #nodes: Nodes;
  readonly #removal: NodeRemoval;
  readonly #upkeep = new Upkeep();
  readonly #wakeup = new Wakeup();
  #node: NewNode;
  /** The session in which it was registered. */
  #publishedIn: bigint | undefined;
  #ignoreLoss: () => void = () => {};

  constructor(kept: Kept, { session, options, nodes, removal }: ZooKeeperKeeperContext) {
    this.#kept = kept;
    this.#session = session;
    this.#options = options;
    this.#nodes = nodes;
    this.#removal = removal;
    this.#node = nodes.of(kept.publication.instance);
  }

  start(): void {
    const { path } = this.#node;
    this.#removal.spare(path);
    this.#ignoreLoss = this.#session.onLost(() => this.#lost());
    this.#upkeep.start((well) => this.#keep(well), {
      ...this.#options,
      what: `registration of ${path}`,
      backoff: reconnectBackoff(this.#options.random),
      healthyMs,
      onEnd: (error) => this.#kept.publication.fail(error),
      early: (signal) => this.#session.nextConnection(signal),
    });
  }

  changed(): RpcError | undefined {
    this.#node = this.#nodes.of(this.#kept.publication.instance);
    this.#wakeup.wake();
    if (!this.#session.away) return undefined;
    return new RpcError(Code.UNAVAILABLE, `${this.#options.name}: there is no connection at present`);
  }

  /** Ends all work, and leaves the node where it is. */
  async stop(): Promise<void> {
    const closed = this.#upkeep.close();
    this.#wakeup.wake();
    await closed;
    this.#ignoreLoss();
  }

  /** What a server that is frozen has not done by then is done when it goes on. */
  async end(): Promise<void> {
    const done = new AbortController();
    const removed = this.#takeOut().finally(() => done.abort());
    await Promise.race([removed, sleep(this.#options.clock, goodbyeMs, done.signal)]);
  }

  async #takeOut(): Promise<void> {
    await this.stop();
    await this.#removal.remove(this.#node.path);
  }

  async #keep(well: () => void): Promise<void> {
    const connection = await this.#session.connection(this.#upkeep.signal);
    const forget = this.#session.listen(this.#node.path, () => this.#wakeup.wake());
    const unfollow = this.#session.onEnded(() => this.#wakeup.wake());
    try {
      while (!this.#upkeep.closing) {
        if (await this.#isAsItShouldBe(connection)) well();
        await this.#wakeup.wait();
      }
    } catch (reason) {
      throw toRpcError(reason, this.#options);
    } finally {
      forget();
      unfollow();
    }
  }

  /** Looks, and does what is to be done, until there is nothing; what happens to the node after that wakes the loop. */
  async #isAsItShouldBe(connection: Connection): Promise<boolean> {
    const { publication, status } = this.#kept;
    const { id: session } = connection.ticket;
    for (;;) {
      const node = this.#node;
      const { version } = publication;
      const found = await connection.data(node.path);
      if (this.#upkeep.closing) return false;
      if (found?.stat.owner === session && found.data.equals(node.data)) {
        this.#publishedIn = session;
        status.become("registered");
        publication.confirm(version);
        return true;
      }
      if (this.#publishedIn === session && found?.stat.owner !== session) {
        if (found !== undefined && found.stat.owner !== 0n) return this.#yield();
        this.#lost();
        this.#options.logger.warn({ node: node.path }, "somebody deleted the registration; putting it back");
        this.#publishedIn = undefined;
      }
      await unlessChanged(this.#write(connection, node, found));
    }
  }

  async #write(connection: Connection, node: NewNode, found: Awaited<ReturnType<Connection["data"]>>): Promise<void> {
    if (found === undefined) await this.#create(connection, node);
    else if (found.stat.owner === connection.ticket.id) {
      await connection.setData(node.path, node.data, found.stat.version);
    } else await connection.replace(node, found.stat.version);
  }

  async #create(connection: Connection, node: NewNode): Promise<void> {
    try {
      await connection.create(node);
    } catch (error) {
      if (!hasCode(error, errorCode.NO_NODE)) throw error;
      for (const parent of this.#nodes.above(node)) await unlessChanged(connection.create(parent));
      await connection.create(node);
    }
  }

  #yield(): boolean {
    const { publication, status } = this.#kept;
    const what = `another process has registered "${publication.instance.id}"; give each its own id`;
    if (status.state === "registered") this.#options.logger.error({ node: this.#node.path }, what);
    this.#lost();
    publication.fail(new RpcError(Code.ABORTED, `${this.#options.name}: ${what}`));
    return false;
  }

  #lost(): void {
    const { status } = this.#kept;
    if (status.state === "registered") status.become("lost");
  }
}

/** Somebody was faster, and what is there now is to be looked at. */
async function unlessChanged(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!hasCode(error, errorCode.NODE_EXISTS, errorCode.NO_NODE, errorCode.BAD_VERSION)) throw error;
  }
}
