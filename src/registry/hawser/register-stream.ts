import { Code, RpcError } from "../../errors/errors.js";
import type { RegisterRequest } from "../../gen/hawser/registry/v1/registry.js";
import type { Timer } from "../../time/time.js";
import { toMessage } from "../instance-message.js";
import type { Publication } from "../publication.js";
import { Watchdog } from "../watchdog.js";
import { streamEnded, streamFailed } from "./failures.js";
import type { ResolvedHawserOptions } from "./options.js";
import { Outbox } from "./outbox.js";

/** How long a server may take to end the stream of a registration that closes. */
const goodbyeMs = 1_000;

/** One Register stream from its first request to its end. */
export class RegisterStream {
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
  async run(well: () => void): Promise<void> {
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
        well();
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
