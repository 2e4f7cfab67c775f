import type { Instance } from "../../contract/contract.js";
import type { Timer } from "../../time/time.js";
import type { InstanceTable, TableEntry } from "../instance-table.js";
import type { Keeper, Kept } from "../kept-registration.js";
import type { Publication } from "../publication.js";
import type { RegistrationStatus } from "../registration-status.js";
import { Upkeep } from "../upkeep.js";
import { Wakeup } from "../wakeup.js";
import type { Link } from "./link.js";
import { healthyMs, type ResolvedMdnsOptions } from "./options.js";
import { allOf, goodbyeOf, type InstanceRecords, recordsOf } from "./records.js";

/** What is new is said twice, as the first may be lost (RFC 6762 §8.3). */
const repeatMs = 1_000;

export interface MdnsKeeperContext {
  readonly link: Link;
  readonly table: InstanceTable;
  readonly options: ResolvedMdnsOptions;
  /** It has left; what is still heard of it is but an echo. */
  readonly onLeft: (instance: Instance) => void;
}

/** Keeps one instance by announcing it again and again. */
export class MdnsKeeper implements Keeper {
  readonly publication: Publication;
  readonly #status: RegistrationStatus;
  readonly #context: MdnsKeeperContext;
  readonly #upkeep = new Upkeep();
  readonly #wakeup = new Wakeup();
  #records: InstanceRecords;
  #entry: TableEntry | undefined;
  /** When it was announced last. */
  #saidAtMs = 0;
  #sayingAgain: Timer | undefined;

  constructor({ publication, status }: Kept, context: MdnsKeeperContext) {
    this.publication = publication;
    this.#status = status;
    this.#context = context;
    this.#records = this.#recordsOf(publication.instance);
  }

  /** What is announced, once it has been. */
  get announced(): InstanceRecords | undefined {
    return this.#entry === undefined ? undefined : this.#records;
  }

  start(): void {
    this.#upkeep.start((well) => this.#announce(well), {
      ...this.#context.options,
      what: `registration of ${this.publication.instance.id}`,
      healthyMs,
      onEnd: (error) => this.#failed(error),
    });
  }

  changed(): Error | undefined {
    this.#records = this.#recordsOf(this.publication.instance);
    this.#wakeup.wake();
    return this.#context.link.away ? new Error("nothing can be sent at present") : undefined;
  }

  /** Somebody has said that it is gone. Nobody makes it speak more than once a second (RFC 6762 §6). */
  sayAgain(): void {
    const { clock } = this.#context.options;
    if (this.#upkeep.closing) return;
    this.#sayingAgain ??= clock.timer(this.#saidAtMs + repeatMs - clock.now(), () => {
      this.#sayingAgain = undefined;
      this.#wakeup.wake();
    });
  }

  async end(): Promise<void> {
    const { link, onLeft } = this.#context;
    const closed = this.#upkeep.close();
    this.#sayingAgain?.cancel();
    this.#wakeup.wake();
    await closed;
    // Who cannot be told forgets it by itself.
    if (this.#entry !== undefined && !link.away) await link.respond(goodbyeOf(this.#records)).catch(() => {});
    this.#entry?.remove();
    this.#entry = undefined;
    onLeft(this.publication.instance);
  }

  async #announce(well: () => void): Promise<void> {
    const { link, options } = this.#context;
    const { clock, monitor, ttlMs } = options;
    const { signal } = this.#upkeep;
    let announced = 0;
    while (!signal.aborted) {
      const { version } = this.publication;
      await link.respond(allOf(this.#records));
      this.#saidAtMs = clock.now();
      this.#publishHere();
      this.publication.confirm(version);
      well();
      this.#status.become("registered");
      monitor({ type: "renewal", ok: true });
      const isNews = version !== announced;
      announced = version;
      await this.#wakeup.wait({ clock, ms: isNews ? repeatMs : ttlMs / 3 });
    }
  }

  /** Whoever asks this registry sees what it has announced, whether or not it hears itself. */
  #publishHere(): void {
    const { instance } = this.#records;
    if (this.#entry === undefined) this.#entry = this.#context.table.put(instance);
    else this.#entry.update(instance);
  }

  #failed(error: unknown): void {
    this.publication.fail(error);
    if (this.#status.state !== "registered") return;
    this.#status.become("lost");
    this.#context.options.monitor({ type: "renewal", ok: false });
  }

  #recordsOf(instance: Instance): InstanceRecords {
    const records = recordsOf(instance, this.#context.options.ttlMs / 1_000);
    const cut = instance.contracts.length - records.instance.contracts.length;
    const message = `mDNS messages are short: ${cut} of ${instance.contracts.length} contracts are not told`;
    if (cut > 0) this.#context.options.logger.warn({ instance: instance.id }, message);
    return records;
  }
}
