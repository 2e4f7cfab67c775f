import type { Instance } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import type { RegisterRequest } from "../../gen/hawser/registry/v1/registry.js";
import type { Timer } from "../../time/time.js";
import { registrationClosedError } from "../failures.js";
import { toMessage } from "../instance-message.js";
import { keepTrying } from "../keep-trying.js";
import { Publication } from "../publication.js";
import type { Registration, RegistrationState } from "../registry.js";
import { Watchdog } from "../watchdog.js";
import { streamEnded, streamFailed } from "./failures.js";
import { hawserHint, healthyMs, type ResolvedHawserOptions } from "./options.js";
import { Outbox } from "./outbox.js";

/** How long a server may take to end the stream of a registration that closes. */
const goodbyeMs = 2_000;

/** One instance, held by a stream that is opened again whenever it ends or falls silent. */
export class HawserRegistration implements Registration {
  readonly publication: Publication;
  readonly #options: ResolvedHawserOptions;
  readonly #onClosed: () => void;
  readonly #closing = new AbortController();
  #stream: RegisterStream | undefined;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(instance: Instance, options: ResolvedHawserOptions, onClosed: () => void) {
    const { name: registryName, clock } = options;
    this.publication = new Publication(instance, { registryName, hint: hawserHint, clock });
    this.#options = options;
    this.#onClosed = onClosed;
  }

  get state(): RegistrationState {
    return this.#stream?.answered ? "registered" : "lost";
  }

  start(): void {
    const { backoff, clock, logger } = this.#options;
    this.#running = keepTrying((healthy) => this.#hold(healthy), {
      clock,
      backoff,
      healthyMs,
      signal: this.#closing.signal,
      onEnd: ({ error, waitMs }) => {
        this.publication.fail(error);
        const { id: instance } = this.publication.instance;
        logger.warn({ err: error, instance, waitMs: Math.round(waitMs) }, "not registered; registering again");
      },
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
    this.#onClosed();
  }

  async #hold(healthy: () => void): Promise<void> {
    const stream = new RegisterStream(this.publication, this.#options);
    this.#stream = stream;
    try {
      await stream.run(healthy);
    } finally {
      this.#stream = undefined;
    }
  }

  #closedError(): RpcError {
    return registrationClosedError(this.#options.name, this.publication.instance.id);
  }
}

/** One Register stream from its first request to its end. */
class RegisterStream {
  readonly #publication: Publication;
  readonly #options: ResolvedHawserOptions;
  readonly #requests = new Outbox<RegisterRequest>();
  /** The version each unanswered request carried; every request is answered, in order. */
  readonly #unanswered: number[] = [];
  readonly #dead = new AbortController();
  readonly #watchdog: Watchdog;
  #heartbeat: Timer | undefined;
  #ttlMs: number;
  answered = false;

  constructor(publication: Publication, options: ResolvedHawserOptions) {
    this.#publication = publication;
    this.#options = options;
    this.#ttlMs = options.ttlMs;
    this.#watchdog = new Watchdog(options.clock, () => this.#dead.abort());
  }

  /** Rejects once the stream has ended. */
  async run(healthy: () => void): Promise<void> {
    const { client, name, ttlMs } = this.#options;
    this.#watchdog.feed(ttlMs);
    this.sendInstance();
    try {
      const call = { signal: this.#dead.signal, timeoutMs: Number.POSITIVE_INFINITY };
      for await (const { grantedTtlMs } of client.register(this.#requests, call)) {
        if (grantedTtlMs !== this.#ttlMs) this.#granted(grantedTtlMs || ttlMs);
        this.#watchdog.feed(this.#ttlMs);
        this.answered = true;
        this.#publication.confirm(this.#unanswered.shift() ?? 0);
        healthy();
      }
    } catch (reason) {
      if (!this.#dead.signal.aborted) throw streamFailed(name, reason);
      throw new RpcError(Code.UNAVAILABLE, `${name}: no answer for ${this.#ttlMs} ms`, { cause: reason });
    } finally {
      this.#watchdog.stop();
      this.#heartbeat?.cancel();
      this.#requests.end();
    }
    throw streamEnded(name);
  }

  /** Publishes the instance as it is now. */
  sendInstance(): void {
    this.#send(toMessage(this.#publication.instance), this.#publication.version);
  }

  /** Says goodbye: the registry takes the instance out and ends the stream. */
  end(): void {
    this.#heartbeat?.cancel();
    this.#requests.end();
    if (this.answered) this.#watchdog.feed(goodbyeMs);
    else this.#dead.abort();
  }

  #send(instance: RegisterRequest["instance"], version: number): void {
    this.#requests.push({ instance, ttlMs: this.#options.ttlMs });
    this.#unanswered.push(version);
    this.#armHeartbeat();
  }

  #granted(ttlMs: number): void {
    this.#ttlMs = ttlMs;
    this.#armHeartbeat();
  }

  #armHeartbeat(): void {
    this.#heartbeat?.cancel();
    this.#heartbeat = this.#options.clock.timer(this.#ttlMs / 3, () => this.#send(undefined, 0));
  }
}
