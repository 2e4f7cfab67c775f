import type { Instance, RegistrationState } from "../contract/contract.js";
import { registrationClosedError } from "./failures.js";
import type { Publication } from "./publication.js";
import type { RegistrationStatus } from "./registration-status.js";
import type { Registration } from "./registry.js";

/** What a driver does for one instance. */
export interface Keeper {
  /** Begins to keep it registered, and never gives up. */
  start(): void;
  /** The publication is another now. @returns why the backend cannot be told at present, where it cannot */
  changed(): Error | undefined;
  /** Takes it out; only called for what was started. Resolves once nothing is left to do. */
  end(): Promise<void>;
}

/** What a keeper is given: it looks into the one and confirms it, and says in the other how things stand. */
export interface Kept {
  readonly publication: Publication;
  readonly status: RegistrationStatus;
}

export interface KeptRegistrationOptions<K extends Keeper> extends Kept {
  readonly registryName: string;
  readonly keeper: K;
  /** Runs what belongs to no call. */
  readonly outsideCalls: <R>(work: () => R) => R;
  /** Nothing is left of it. */
  readonly onClosed: () => void;
}

/** The registration that callers hold, whatever the driver. */
export class KeptRegistration<K extends Keeper = Keeper> implements Registration {
  readonly keeper: K;
  readonly #options: KeptRegistrationOptions<K>;
  /** An earlier one of the same id is still being taken out. */
  #waiting: Promise<void> | undefined;
  #started = false;
  #closed: Promise<void> | undefined;

  constructor(options: KeptRegistrationOptions<K>) {
    this.keeper = options.keeper;
    this.#options = options;
  }

  get state(): RegistrationState {
    return this.#options.status.state;
  }

  get since(): Date {
    return this.#options.status.since;
  }

  get closing(): boolean {
    return this.#closed !== undefined;
  }

  onState(listener: (state: RegistrationState) => void): () => void {
    return this.#options.status.onState(listener);
  }

  /** @param earlier has the same id, and is closing: what it takes out must not be what this one has put in */
  start(earlier: KeptRegistration | undefined): void {
    if (earlier === undefined) {
      this.#start();
      return;
    }
    const ended = earlier.close().catch(() => {}); // who closed it has been told
    this.#waiting = ended.then(() => this.#start());
  }

  async update(instance: Instance): Promise<void> {
    const { publication } = this.#options;
    if (this.closing) throw this.#closedError();
    publication.replace(instance);
    const updated = publication.updated();
    const failure = this.#options.outsideCalls(() => this.keeper.changed());
    if (failure !== undefined) publication.fail(failure);
    await updated;
  }

  /** @param end how it is taken out. Default: by its keeper */
  close(end: () => Promise<void> = () => this.keeper.end()): Promise<void> {
    this.#closed ??= this.#end(end);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(): void {
    if (this.closing) return;
    this.#started = true;
    this.#options.outsideCalls(() => this.keeper.start());
  }

  async #end(end: () => Promise<void>): Promise<void> {
    const { publication, status, outsideCalls, onClosed } = this.#options;
    publication.fail(this.#closedError());
    try {
      if (this.#started) await outsideCalls(end);
      else await this.#waiting;
    } finally {
      status.become("closed");
      onClosed();
    }
  }

  #closedError(): Error {
    return registrationClosedError(this.#options.registryName, this.#options.publication.instance.id);
  }
}
