import { isDeepStrictEqual } from "node:util";
import { Code, RpcError } from "../../errors/errors.js";
import type { Keeper, Kept } from "../kept-registration.js";
import { healthyMs } from "../reconnect-backoff.js";
import { Upkeep } from "../upkeep.js";
import { Wakeup } from "../wakeup.js";
import { Watchdog } from "../watchdog.js";
import type { ConsulApi } from "./api.js";
import type { ResolvedConsulOptions } from "./options.js";
import { type ServiceRecord, toRecord } from "./records.js";

/** How long all of leaving may take. Who cannot be told lets the check run out. */
const goodbyeMs = 1_000;

/**
 * Keeps one service instance with the local agent, its check passing three times per time to live. An agent that does not
 * know it any more is told again. It counts as registered once the catalogue has it, not only the agent.
 */
export class ConsulKeeper implements Keeper {
  readonly #kept: Kept;
  readonly #api: ConsulApi;
  readonly #options: ResolvedConsulOptions;
  readonly #upkeep = new Upkeep();
  /** Aborts when what is not done by then is left undone. */
  readonly #gone = new AbortController();
  readonly #wakeup = new Wakeup();
  /** Barks when Consul has let the check fail. */
  readonly #silence: Watchdog;
  /** What the agent may have. */
  #record: ServiceRecord;
  /** The version that the catalogue has. */
  #published = 0;
  #away = false;

  constructor(kept: Kept, api: ConsulApi, options: ResolvedConsulOptions) {
    this.#kept = kept;
    this.#api = api;
    this.#options = options;
    this.#record = toRecord(kept.publication.instance);
    this.#silence = new Watchdog(options.clock, () => this.#forgotten());
  }

  start(): void {
    this.#upkeep.start((well) => this.#keep(well), {
      ...this.#options,
      what: `registration of ${this.#record.ID}`,
      healthyMs,
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
    const { clock, logger } = this.#options;
    const patience = clock.timer(goodbyeMs, () => this.#gone.abort());
    const closed = this.#upkeep.close();
    this.#wakeup.wake();
    await closed;
    this.#silence.stop();
    await this.#deregister().catch((err: unknown) => {
      logger.warn({ err, instance: this.#record.ID }, "not deregistered; its check will fail in time");
    });
    patience.cancel();
  }

  async #keep(well: () => void): Promise<void> {
    const { publication } = this.#kept;
    const { clock, ttlMs } = this.#options;
    while (!this.#upkeep.closing) {
      if (this.#published === publication.version) await this.#pass();
      if (this.#published !== publication.version) await this.#publish();
      this.#away = false;
      well();
      await this.#wakeup.wait({ clock, ms: ttlMs / 3 });
    }
  }

  async #pass(): Promise<void> {
    try {
      await this.#api.pass(this.#record.ID, this.#gone.signal);
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
    await this.#api.register(this.#record, this.#gone.signal);
    this.#alive();
    await this.#untilCatalogue("has it", this.#upkeep.signal);
    if (this.#upkeep.closing) return;
    this.#published = version;
    status.become("registered");
    publication.confirm(version);
  }

  /** The agent tells the catalogue in its own time. */
  async #untilCatalogue(wanted: "has it" | "has it no more", signal: AbortSignal): Promise<void> {
    const { ID, Name, Meta } = this.#record;
    const { clock, name, requestTimeoutMs } = this.#options;
    const giveUpAt = clock.now() + requestTimeoutMs;
    let question: { index: number; waitMs: number } | undefined;
    for (;;) {
      const { entries, index } = await this.#api.health(Name, { ...question, id: ID, signal });
      const there = entries.some(({ Service }) => Service?.ID === ID && isDeepStrictEqual(Service.Meta, Meta));
      if (there === (wanted === "has it")) return;
      const waitMs = Math.ceil(giveUpAt - clock.now());
      if (waitMs <= 0) break;
      question = { index: Math.max(1, index), waitMs };
    }
    throw new RpcError(
      Code.UNAVAILABLE,
      `${name}: the agent was told of "${ID}", and did not tell the catalogue in time`,
    );
  }

  /** What another process has put in its place stays. */
  async #deregister(): Promise<void> {
    const { ID, Meta } = this.#record;
    const { signal } = this.#gone;
    const found = await this.#api.registered(ID, signal);
    if (found === undefined || !isDeepStrictEqual(found.Meta, Meta)) return;
    await this.#api.deregister(ID, signal);
    await this.#untilCatalogue("has it no more", signal);
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
