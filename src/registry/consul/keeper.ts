import { isDeepStrictEqual } from "node:util";
import { Code, RpcError } from "../../errors/errors.js";
import { keepTrying } from "../keep-trying.js";
import type { Keeper, Kept } from "../kept-registration.js";
import { Wakeup } from "../wakeup.js";
import { Watchdog } from "../watchdog.js";
import type { ConsulApi } from "./api.js";
import { healthyMs, type ResolvedConsulOptions } from "./options.js";
import { type ServiceRecord, toRecord } from "./records.js";

/**
 * Keeps one service instance with the local agent, its check passing three times per time to live. An agent that does not
 * know it any more is told again. It counts as registered once the catalogue has it, not only the agent.
 */
export class ConsulKeeper implements Keeper {
  readonly #kept: Kept;
  readonly #api: ConsulApi;
  readonly #options: ResolvedConsulOptions;
  readonly #closing = new AbortController();
  readonly #wakeup = new Wakeup();
  /** Barks when Consul has let the check fail. */
  readonly #silence: Watchdog;
  /** What the agent may have. */
  #record: ServiceRecord;
  /** The version that the catalogue has. */
  #published = 0;
  #away = false;
  #running: Promise<void> | undefined;

  constructor(kept: Kept, api: ConsulApi, options: ResolvedConsulOptions) {
    this.#kept = kept;
    this.#api = api;
    this.#options = options;
    this.#record = toRecord(kept.publication.instance);
    this.#silence = new Watchdog(options.clock, () => this.#forgotten());
  }

  start(): void {
    const { backoff, clock, logger } = this.#options;
    this.#running = keepTrying((well) => this.#keep(well), {
      what: `registration of ${this.#record.ID}`,
      clock,
      logger,
      backoff,
      healthyMs,
      signal: this.#closing.signal,
      onEnd: (error) => this.#failed(error),
      early: (signal) => this.#api.untilBack(signal),
    });
  }

  changed(): RpcError | undefined {
    this.#wakeup.wake();
    if (!this.#away) return undefined;
    return new RpcError(Code.UNAVAILABLE, `${this.#options.name}: it does not answer at present`);
  }

  async end(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.wake();
    await this.#running;
    this.#silence.stop();
    await this.#deregister().catch((err: unknown) => {
      this.#options.logger.warn({ err, instance: this.#record.ID }, "not deregistered; its check will fail in time");
    });
  }

  async #keep(well: () => void): Promise<void> {
    const { publication } = this.#kept;
    const { clock, ttlMs } = this.#options;
    while (!this.#closing.signal.aborted) {
      if (this.#published === publication.version) await this.#pass();
      if (this.#published !== publication.version) await this.#publish();
      this.#away = false;
      well();
      await this.#wakeup.wait({ clock, ms: ttlMs / 3 });
    }
  }

  async #pass(): Promise<void> {
    try {
      await this.#api.pass(this.#record.ID);
      this.#alive();
    } catch (error) {
      if (!(error instanceof RpcError && error.code === Code.NOT_FOUND)) throw error;
      this.#options.logger.warn({ err: error }, "the agent has forgotten a registration; registering again");
      this.#forgotten();
    }
  }

  async #publish(): Promise<void> {
    const { publication, status } = this.#kept;
    const { instance, version } = publication;
    this.#record = toRecord(instance);
    await this.#api.register(this.#record);
    this.#alive();
    await this.#untilCatalogued(this.#record);
    if (this.#closing.signal.aborted) return;
    this.#published = version;
    status.become("registered");
    publication.confirm(version);
  }

  /** @param record undefined for: until it has not */
  async #untilCatalogued(record: ServiceRecord | undefined): Promise<void> {
    const { ID, Name } = this.#record;
    const { clock, name, requestTimeoutMs } = this.#options;
    const giveUpAt = clock.now() + requestTimeoutMs;
    let question: { index: number; waitMs: number } | undefined;
    for (;;) {
      const { entries, index } = await this.#api.health(Name, { ...question, id: ID });
      const there = entries.some(
        ({ Service }) => Service?.ID === ID && isDeepStrictEqual(Service.Meta, this.#record.Meta),
      );
      if (there === (record !== undefined)) return;
      const waitMs = Math.ceil(giveUpAt - clock.now());
      if (waitMs <= 0) break;
      question = { index: Math.max(1, index), waitMs };
    }
    throw new RpcError(Code.UNAVAILABLE, `${name}: the agent knows "${ID}", and the catalogue was not told in time`);
  }

  /** What another process has put in its place stays. */
  async #deregister(): Promise<void> {
    const { ID, Meta } = this.#record;
    const found = await this.#api.registered(ID);
    if (found === undefined || !isDeepStrictEqual(found.Meta, Meta)) return;
    await this.#api.deregister(ID);
    await this.#untilCatalogued(undefined);
  }

  #alive(): void {
    this.#silence.feed(this.#options.ttlMs);
    this.#options.monitor({ type: "renewal", ok: true });
  }

  #failed(error: unknown): void {
    this.#away = true;
    this.#options.monitor({ type: "renewal", ok: false });
    this.#kept.publication.fail(error);
  }

  #forgotten(): void {
    const { status } = this.#kept;
    this.#published = 0;
    if (status.state === "registered") status.become("lost");
  }
}
