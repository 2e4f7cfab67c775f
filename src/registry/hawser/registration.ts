import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import { registrationClosedError } from "../failures.js";
import { keepTrying } from "../keep-trying.js";
import { Publication } from "../publication.js";
import { RegistrationStatus } from "../registration-status.js";
import type { Registration, RegistrationState } from "../registry.js";
import { hawserHint, healthyMs, type ResolvedHawserOptions } from "./options.js";
import { RegisterStream } from "./register-stream.js";

/** One instance, held by a stream that is opened again whenever it ends or falls silent. */
export class HawserRegistration implements Registration {
  readonly publication: Publication;
  readonly #options: ResolvedHawserOptions;
  readonly #status: RegistrationStatus;
  readonly #onClosed: () => void;
  readonly #closing = new AbortController();
  #stream: RegisterStream | undefined;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(instance: Instance, options: ResolvedHawserOptions, onClosed: () => void) {
    const { name: registryName, clock, logger, monitor } = options;
    const { service, id } = instance;
    this.publication = new Publication(instance, { registryName, hint: hawserHint, clock });
    this.#options = options;
    this.#status = new RegistrationStatus({ service, id, clock, logger, monitor });
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
    this.#running = keepTrying((well) => this.#hold(well), {
      what: `registration of ${this.publication.instance.id}`,
      clock,
      logger,
      backoff,
      healthyMs,
      signal: this.#closing.signal,
      onEnd: (error) => this.publication.fail(error),
    });
  }

  async update(instance: Instance): Promise<void> {
    const { publication } = this;
    if (this.#closing.signal.aborted) throw this.#closedError();
    publication.replace(instance);
    const updated = publication.updated();
    if (this.#stream === undefined) {
      publication.fail(new RpcError(Code.UNAVAILABLE, `${this.#options.name}: there is no connection at present`));
    }
    this.#stream?.sendInstance();
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
    this.#stream?.end();
    await this.#running;
    this.publication.fail(this.#closedError());
    this.#status.become("closed");
    this.#onClosed();
  }

  async #hold(well: () => void): Promise<void> {
    const { monitor } = this.#options;
    const stream = new RegisterStream(this.publication, this.#options);
    this.#stream = stream;
    try {
      await stream.run(() => {
        well();
        this.#status.become("registered");
        monitor({ type: "renewal", ok: true });
      });
    } finally {
      this.#stream = undefined;
      if (this.#status.state === "registered" && !this.#closing.signal.aborted) {
        this.#status.become("lost");
        monitor({ type: "renewal", ok: false });
      }
    }
  }

  #closedError(): RpcError {
    return registrationClosedError(this.#options.name, this.publication.instance.id);
  }
}
