import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { registrationClosedError } from "../failures.js";
import { keepTrying } from "../keep-trying.js";
import { Publication } from "../publication.js";
import { RegistrationStatus } from "../registration-status.js";
import type { Registration, RegistrationState } from "../registry.js";
import { Wakeup } from "../wakeup.js";
import { toRpcError, zookeeperHint } from "./failures.js";
import type { Nodes } from "./nodes.js";
import type { ResolvedZooKeeperOptions } from "./options.js";
import { healthyMs, loopBackoff, type Session } from "./session.js";
import type { Connection } from "./wire/connection.js";
import { errorCode, hasCode, type NewNode } from "./wire/protocol.js";

/**
 * One ephemeral node, kept as it should be: of this session, with the latest value, put back if it is deleted. A node that
 * an earlier process has left, and whose session has not expired yet, is replaced at once. Who takes the id while this
 * session has it keeps it, so that two who were given one id do not fight; this one is lost until the other leaves.
 */
export class ZooKeeperRegistration implements Registration {
  readonly publication: Publication;
  readonly #session: Session;
  readonly #options: ResolvedZooKeeperOptions;
  readonly #nodes: Nodes;
  readonly #remove: (path: string) => Promise<void>;
  readonly #status: RegistrationStatus;
  readonly #closing = new AbortController();
  readonly #wakeup = new Wakeup();
  #node: NewNode;
  /** The session in which it was registered. */
  #publishedIn: bigint | undefined;
  #ignoreLoss: () => void = () => {};
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** @param context.remove takes the node of a registration that has stopped out of ZooKeeper */
  constructor(
    instance: Instance,
    context: {
      readonly session: Session;
      readonly options: ResolvedZooKeeperOptions;
      readonly nodes: Nodes;
      readonly remove: (path: string) => Promise<void>;
    },
  ) {
    const { session, options, nodes, remove } = context;
    const { name: registryName, clock, logger, monitor } = options;
    const { service, id } = instance;
    this.publication = new Publication(instance, { registryName, hint: zookeeperHint, clock });
    this.#node = nodes.of(this.publication.instance);
    this.#status = new RegistrationStatus({ service, id, clock, logger, monitor });
    this.#session = session;
    this.#options = options;
    this.#nodes = nodes;
    this.#remove = remove;
  }

  get state(): RegistrationState {
    return this.#status.state;
  }

  get since(): Date {
    return this.#status.since;
  }

  get path(): string {
    return this.#node.path;
  }

  onState(listener: (state: RegistrationState) => void): () => void {
    return this.#status.onState(listener);
  }

  start(): void {
    const { clock, logger } = this.#options;
    this.#ignoreLoss = this.#session.onLost(() => this.#lost());
    this.#running = keepTrying((well) => this.#keep(well), {
      what: `registration of ${this.path}`,
      clock,
      logger,
      backoff: loopBackoff(this.#options),
      healthyMs,
      signal: this.#closing.signal,
      onEnd: (error) => this.publication.fail(error),
      early: (signal) => this.#session.nextConnection(signal),
    });
  }

  async update(instance: Instance): Promise<void> {
    const { publication } = this;
    if (this.#closing.signal.aborted) throw this.#closedError();
    this.#nodes.of(instance);
    publication.replace(instance);
    this.#node = this.#nodes.of(publication.instance);
    const updated = publication.updated();
    if (this.#session.away) {
      publication.fail(new RpcError(Code.UNAVAILABLE, `${this.#options.name}: there is no connection at present`));
    }
    this.#wakeup.wake();
    await updated;
  }

  /** Ends all work, and leaves the node where it is. */
  async stop(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.wake();
    await this.#running;
    this.#ignoreLoss();
    this.#status.become("closed");
    this.publication.fail(this.#closedError());
  }

  close(): Promise<void> {
    this.#closed ??= this.stop().then(() => this.#remove(this.path));
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #keep(well: () => void): Promise<void> {
    const connection = await this.#session.connection(this.#closing.signal);
    const forget = this.#session.listen(this.path, () => this.#wakeup.wake());
    connection.ended.then(() => this.#wakeup.wake());
    try {
      while (!this.#closing.signal.aborted) {
        if (await this.#isAsItShouldBe(connection)) well();
        await this.#wakeup.wait();
      }
    } catch (reason) {
      throw toRpcError(reason, this.#options);
    } finally {
      forget();
    }
  }

  /** Looks, and does what is to be done, until there is nothing; what happens to the node after that wakes the loop. */
  async #isAsItShouldBe(connection: Connection): Promise<boolean> {
    const { id: session } = connection.ticket;
    for (;;) {
      const node = this.#node;
      const { version } = this.publication;
      const found = await connection.data(node.path);
      if (this.#closing.signal.aborted) return false;
      if (found?.stat.owner === session && found.data.equals(node.data)) {
        this.#publishedIn = session;
        this.#status.become("registered");
        this.publication.confirm(version);
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
    const what = `another process has registered "${this.publication.instance.id}"; give each its own id`;
    if (this.state === "registered") this.#options.logger.error({ node: this.path }, what);
    this.#lost();
    this.publication.fail(new RpcError(Code.ABORTED, `${this.#options.name}: ${what}`));
    return false;
  }

  #lost(): void {
    if (this.#status.state === "registered") this.#status.become("lost");
  }

  #closedError(): RpcError {
    return registrationClosedError(this.#options.name, this.publication.instance.id);
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
