import type { Instance } from "../../contract/contract.js";
import { registrationClosedError } from "../failures.js";
import type { InstanceTable, TableEntry } from "../instance-table.js";
import { keepTrying } from "../keep-trying.js";
import { Publication } from "../publication.js";
import { RegistrationStatus } from "../registration-status.js";
import type { Registration, RegistrationState } from "../registry.js";
import { Wakeup } from "../wakeup.js";
import type { Link } from "./link.js";
import { healthyMs, mdnsHint, type ResolvedMdnsOptions } from "./options.js";
import { allOf, goodbyeOf, type InstanceRecords, recordsOf } from "./records.js";

/** What is new is said twice, as the first may be lost (RFC 6762 §8.3). */
const repeatMs = 1_000;

/** One instance, announced again and again. */
export class MdnsRegistration implements Registration {
  readonly publication: Publication;
  readonly #link: Link;
  readonly #table: InstanceTable;
  readonly #options: ResolvedMdnsOptions;
  readonly #status: RegistrationStatus;
  readonly #onClosed: () => void;
  readonly #closing = new AbortController();
  readonly #wakeup = new Wakeup();
  #records: InstanceRecords;
  #entry: TableEntry | undefined;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws TypeError where mDNS could not carry the instance */
  constructor(
    instance: Instance,
    context: { readonly link: Link; readonly table: InstanceTable; readonly options: ResolvedMdnsOptions },
    onClosed: () => void,
  ) {
    const { link, table, options } = context;
    const { name: registryName, clock, logger, monitor } = options;
    const { service, id } = instance;
    this.publication = new Publication(instance, { registryName, hint: mdnsHint, clock });
    this.#link = link;
    this.#table = table;
    this.#options = options;
    this.#records = this.#recordsOf(this.publication.instance);
    this.#status = new RegistrationStatus({ service, id, clock, logger, monitor });
    this.#onClosed = onClosed;
  }

  get state(): RegistrationState {
    return this.#status.state;
  }

  get since(): Date {
    return this.#status.since;
  }

  /** What is announced, once it has been. */
  get announced(): InstanceRecords | undefined {
    return this.#entry === undefined ? undefined : this.#records;
  }

  onState(listener: (state: RegistrationState) => void): () => void {
    return this.#status.onState(listener);
  }

  start(): void {
    const { backoff, clock, logger } = this.#options;
    this.#running = keepTrying((well) => this.#announce(well), {
      what: `registration of ${this.publication.instance.id}`,
      clock,
      logger,
      backoff,
      healthyMs,
      signal: this.#closing.signal,
      onEnd: (error) => this.#failed(error),
    });
  }

  async update(instance: Instance): Promise<void> {
    const { publication } = this;
    if (this.#closing.signal.aborted) throw this.#closedError();
    const records = this.#recordsOf(instance);
    publication.replace(instance);
    this.#records = records;
    const updated = publication.updated();
    if (this.#link.away) publication.fail(new Error("nothing can be sent at present"));
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
    // Who cannot be told forgets it by itself.
    if (this.#entry !== undefined && !this.#link.away)
      await this.#link.respond(goodbyeOf(this.#records)).catch(() => {});
    this.#entry?.remove();
    this.#entry = undefined;
    this.publication.fail(this.#closedError());
    this.#status.become("closed");
    this.#onClosed();
  }

  async #announce(well: () => void): Promise<void> {
    const { monitor, ttlMs } = this.#options;
    const { signal } = this.#closing;
    let announced = 0;
    while (!signal.aborted) {
      const { version } = this.publication;
      await this.#link.respond(allOf(this.#records));
      this.#publishHere();
      this.publication.confirm(version);
      well();
      this.#status.become("registered");
      monitor({ type: "renewal", ok: true });
      const isNews = version !== announced;
      announced = version;
      await this.#rest(isNews ? repeatMs : ttlMs / 3);
    }
  }

  /** Whoever asks this registry sees what it has announced, whether or not it hears itself. */
  #publishHere(): void {
    const { instance } = this.#records;
    if (this.#entry === undefined) this.#entry = this.#table.put(instance);
    else this.#entry.update(instance);
  }

  async #rest(ms: number): Promise<void> {
    const timer = this.#options.clock.timer(ms, () => this.#wakeup.wake());
    await this.#wakeup.wait();
    timer.cancel();
  }

  #failed(error: unknown): void {
    this.publication.fail(error);
    if (this.#status.state !== "registered") return;
    this.#status.become("lost");
    this.#options.monitor({ type: "renewal", ok: false });
  }

  #recordsOf(instance: Instance): InstanceRecords {
    const records = recordsOf(instance, this.#options.ttlMs / 1_000);
    const cut = instance.contracts.length - records.instance.contracts.length;
    const message = `mDNS messages are short: ${cut} of ${instance.contracts.length} contracts are not told`;
    if (cut > 0) this.#options.logger.warn({ instance: instance.id }, message);
    return records;
  }

  #closedError() {
    return registrationClosedError(this.#options.name, this.publication.instance.id);
  }
}
