import { isDeepStrictEqual } from "node:util";
import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { sleep } from "../../time/time.js";
import { registrationClosedError } from "../failures.js";
import { keepTrying } from "../keep-trying.js";
import { Publication } from "../publication.js";
import { RegistrationStatus } from "../registration-status.js";
import type { Registration, RegistrationState } from "../registry.js";
import { Wakeup } from "../wakeup.js";
import { Watchdog } from "../watchdog.js";
import type { ConsulApi } from "./api.js";
import { consulHint, healthyMs, type ResolvedConsulOptions } from "./options.js";
import { type ServiceRecord, toRecord } from "./records.js";

/**
 * One service instance with the local agent, its check kept passing three times per time to live. An agent that does not
 * know it any more is told again. It counts as registered once the catalogue has it, not only the agent.
 */
export class ConsulRegistration implements Registration {
  readonly publication: Publication;
  readonly #api: ConsulApi;
  readonly #options: ResolvedConsulOptions;
  readonly #onClosed: () => void;
  readonly #status: RegistrationStatus;
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
  #closed: Promise<void> | undefined;

  constructor(instance: Instance, api: ConsulApi, options: ResolvedConsulOptions, onClosed: () => void) {
    const { name: registryName, clock, logger, monitor } = options;
    const { service, id } = instance;
    this.publication = new Publication(instance, { registryName, hint: consulHint, clock });
    this.#record = toRecord(this.publication.instance);
    this.#status = new RegistrationStatus({ service, id, clock, logger, monitor });
    this.#silence = new Watchdog(clock, () => this.#forgotten());
    this.#api = api;
    this.#options = options;
    this.#onClosed = onClosed;
  }

  get state(): RegistrationState {
    return this.#status.state;
  }

  get since(): Date {
    return this.#status.since;
  }

  onState(listener: (state: RegistrationState) => void): () => void {
    return this.#status.onState(listener);
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

  async update(instance: Instance): Promise<void> {
    const { publication } = this;
    if (this.#closing.signal.aborted) throw this.#closedError();
    toRecord(instance);
    publication.replace(instance);
    const updated = publication.updated();
    if (this.#away) {
      publication.fail(new RpcError(Code.UNAVAILABLE, `${this.#options.name}: it does not answer at present`));
    }
    this.#wakeup.wake();
    await updated;
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.wake();
    await this.#running;
    this.#silence.stop();
    this.#status.become("closed");
    this.publication.fail(this.#closedError());
    await this.#deregister().catch((err: unknown) => {
      this.#options.logger.warn({ err, instance: this.#record.ID }, "not deregistered; its check will fail in time");
    });
    this.#onClosed();
  }

  async #keep(well: () => void): Promise<void> {
    const { clock, ttlMs } = this.#options;
    while (!this.#closing.signal.aborted) {
      if (this.#published === this.publication.version) await this.#pass();
      if (this.#published !== this.publication.version) await this.#publish();
      this.#away = false;
      well();
      const woken = new AbortController();
      const signal = AbortSignal.any([this.#closing.signal, woken.signal]);
      await Promise.race([sleep(clock, ttlMs / 3, signal), this.#wakeup.wait()]);
      woken.abort();
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
    const { instance, version } = this.publication;
    this.#record = toRecord(instance);
    await this.#api.register(this.#record);
    this.#alive();
    await this.#untilCatalogued(this.#record);
    if (this.#closing.signal.aborted) return;
    this.#published = version;
    this.#status.become("registered");
    this.publication.confirm(version);
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
    this.publication.fail(error);
  }

  #forgotten(): void {
    this.#published = 0;
    if (this.#status.state === "registered") this.#status.become("lost");
  }

  #closedError(): RpcError {
    return registrationClosedError(this.#options.name, this.#record.ID);
  }
}
