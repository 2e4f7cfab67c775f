import { Code, RpcError } from "../../../errors/errors.js";
import { joinSignals } from "../../join-signals.js";
import { keepTrying } from "../../keep-trying.js";
import { healthyMs, reconnectBackoff } from "../../reconnect-backoff.js";
import { Watchdog } from "../../watchdog.js";
import type { EtcdApi } from "../api.js";
import type { ResolvedEtcdOptions } from "../options.js";
import { unlessAborted } from "../unless-aborted.js";
import { Pulse } from "./pulse.js";
import { dropStream, readStream } from "./stream.js";
import { type Subscriber, WatchLink } from "./watch-link.js";

/**
 * All watches of one registry, over one stream: there is one while anybody follows anything, and another in its place
 * whenever it ends or etcd does not answer on it.
 */
export class WatchHub {
  readonly #api: EtcdApi;
  readonly #options: ResolvedEtcdOptions;
  readonly #subscribers = new Map<Subscriber, (reason: Error) => void>();
  #link: WatchLink | undefined;
  #end: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(api: EtcdApi, options: ResolvedEtcdOptions) {
    this.#api = api;
    this.#options = options;
  }

  /**
   * Follows a range until the signal aborts, over as many streams as it takes.
   *
   * @throws RpcError UNAVAILABLE where etcd cancels this watch, and whatever the subscriber throws: what it knows is not
   *   to be continued
   */
  async follow(subscriber: Subscriber, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    try {
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
        this.#subscribers.set(subscriber, reject);
        this.#link?.begin(subscriber);
        this.#open();
      });
    } catch (reason) {
      throw this.#api.failure(reason);
    } finally {
      this.#subscribers.delete(subscriber);
      this.#link?.end(subscriber);
      if (this.#subscribers.size === 0) await this.#close();
    }
  }

  #open(): void {
    if (this.#end !== undefined) return;
    const { clock, logger } = this.#options;
    const end = new AbortController();
    const before = this.#running;
    this.#end = end;
    this.#running = before.then(() =>
      keepTrying((well) => this.#carry(well, end.signal), {
        what: "watch stream",
        clock,
        logger,
        backoff: reconnectBackoff(this.#options.random),
        healthyMs,
        signal: end.signal,
        onEnd: () => {
          for (const subscriber of [...this.#subscribers.keys()]) subscriber.away();
        },
        early: (signal) => this.#api.untilBack(signal),
      }),
    );
  }

  #close(): Promise<void> {
    this.#end?.abort();
    this.#end = undefined;
    return this.#running;
  }

  /** Lives as long as one stream. */
  async #carry(well: () => void, end: AbortSignal): Promise<void> {
    const { clock, requestTimeoutMs } = this.#options;
    const dead = new AbortController();
    const { signal, release } = joinSignals(end, dead.signal);
    const opening = new Watchdog(clock, () => dead.abort(`no watch stream within ${requestTimeoutMs} ms`));
    opening.feed(requestTimeoutMs);
    try {
      const stream = await unlessAborted(this.#api.watch(), signal, dropStream);
      opening.stop();
      if (stream !== undefined) await this.#read(stream, signal, well, dead);
    } catch (reason) {
      throw this.#api.failure(reason);
    } finally {
      opening.stop();
      release();
    }
    if (end.aborted) return;
    const why = String(dead.signal.reason);
    this.#api.suspect(why);
    throw new RpcError(Code.UNAVAILABLE, `${this.#options.name}: ${why}`);
  }

  async #read(
    stream: Awaited<ReturnType<EtcdApi["watch"]>>,
    signal: AbortSignal,
    well: () => void,
    dead: AbortController,
  ): Promise<void> {
    const { clock, heartbeatMs } = this.#options;
    const link = new WatchLink(stream, (subscriber, reason) => this.#subscribers.get(subscriber)?.(reason));
    const pulse = new Pulse({
      clock,
      everyMs: heartbeatMs,
      ask: () => link.probe(),
      giveUp: () => dead.abort(`no sign of life on the watch stream for ${heartbeatMs} ms`),
    });
    const reading = readStream(stream, signal, (response) => {
      pulse.heard();
      link.receive(response);
      well();
    });
    this.#link = link;
    try {
      for (const subscriber of this.#subscribers.keys()) link.begin(subscriber);
      await reading;
    } finally {
      this.#link = undefined;
      pulse.stop();
    }
  }
}
