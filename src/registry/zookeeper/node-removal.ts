import type { Session } from "./session.js";
import { errorCode, hasCode } from "./wire/protocol.js";

/** Takes nodes out, those that cannot be deleted now as soon as they can: the session would keep them. */
export class NodeRemoval {
  readonly #session: Session;
  readonly #leftOver = new Set<string>();
  readonly #closing = new AbortController();
  #cleaning: Promise<void> | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Resolves once the node is gone, or is left for later. */
  async remove(path: string): Promise<void> {
    try {
      if (this.#session.away) this.#leaveOver(path);
      else await this.#delete(path);
    } catch {
      this.#leaveOver(path);
    }
  }

  /** The node is wanted again. */
  spare(path: string): void {
    this.#leftOver.delete(path);
  }

  /** What is left goes with the session, which is to be closed next. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#cleaning;
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
}

const isDone = (): boolean => true;
const isNotDone = (): boolean => false;
