import { type Backoff, exponentialBackoff } from "../../time/time.js";
import { isFinal } from "../failures.js";
import { joinSignals } from "../join-signals.js";
import type { Feed } from "../service-view.js";
import { Upkeep } from "../upkeep.js";
import { Watchdog } from "../watchdog.js";
import type { KubernetesApi, SliceEvent, SliceScope } from "./api.js";
import { Discovery } from "./discovery.js";
import { GoneError, unavailable } from "./failures.js";
import { fieldsOf, textOf } from "./json.js";
import type { ResolvedKubernetesOptions } from "./options.js";

/** No wait is longer. After a watch that stood for longer than that, which the server or the road may end, the waits start anew. */
const longestWaitMs = 30_000;

/** A watch that says nothing and ends within that time is not the usual end of a watch. */
const veryShortMs = 1_000;

/**
 * Follows the slices of one service: lists them, then watches from the version of the list. A watch that ends is taken
 * up where it stood; only what the server does not remember any more is listed again.
 */
export class SliceWatch {
  readonly #feed: Feed;
  readonly #api: KubernetesApi;
  readonly #options: ResolvedKubernetesOptions;
  readonly #scope: SliceScope;
  readonly #discovery: Discovery;
  readonly #upkeep = new Upkeep();
  /** Up to where the slices are known; undefined: they have to be listed. */
  #version: string | undefined;
  /** Nothing has come from a watch since the last list. */
  #justListed = false;
  #away = false;

  constructor(feed: Feed, api: KubernetesApi, options: ResolvedKubernetesOptions, scope: SliceScope) {
    this.#feed = feed;
    this.#api = api;
    this.#options = options;
    this.#scope = scope;
    this.#discovery = new Discovery(feed, options);
  }

  start(): void {
    const { service } = this.#feed;
    this.#upkeep.start((well) => this.#follow(well), {
      ...this.#options,
      what: `watch of ${service}`,
      backoff: this.#backoff(),
      healthyMs: longestWaitMs,
      onEnd: () => this.#options.monitor({ type: "watch-restart", service }),
    });
  }

  close(): Promise<void> {
    return this.#upkeep.close();
  }

  /** 0.8 s to 30 s with full jitter, as client-go's reflector. */
  #backoff(): Backoff {
    return exponentialBackoff({ initialMs: 800, maxMs: longestWaitMs, random: this.#options.random });
  }

  async #follow(well: () => void): Promise<void> {
    while (!this.#upkeep.closing) {
      const version = this.#version ?? (await this.#asked(this.#list()));
      try {
        await this.#watch(version, well);
      } catch (reason) {
        if (!(reason instanceof GoneError)) throw reason;
        this.#version = undefined;
        if (this.#justListed) throw unavailable(this.#options.name, "what was just listed is gone already", reason);
      }
    }
  }

  async #list(): Promise<string> {
    const { version, slices } = await this.#api.list(this.#scope, this.#upkeep.signal);
    this.#version = version;
    this.#justListed = true;
    this.#away = false;
    if (!this.#upkeep.closing) this.#discovery.replace(slices);
    return version;
  }

  /** Returns where the server has ended the watch as it does now and then, and where there is something to list. */
  async #watch(version: string, well: () => void): Promise<void> {
    const { clock, name, silenceMs } = this.#options;
    const silent = new AbortController();
    const { signal, release } = joinSignals(this.#upkeep.signal, silent.signal);
    const watchdog = new Watchdog(clock, () => silent.abort());
    const begun = clock.now();
    let said = false;
    try {
      const batches = await this.#asked(this.#api.watch(this.#scope, version, signal));
      this.#opened(well);
      watchdog.feed(silenceMs);
      for await (const events of batches) {
        if (this.#upkeep.closing) return;
        watchdog.feed(silenceMs);
        said = true;
        if (!this.#take(events)) return;
      }
    } catch (reason) {
      throw silent.signal.aborted ? unavailable(name, `the watch said nothing for ${silenceMs} ms`, reason) : reason;
    } finally {
      watchdog.stop();
      release();
    }
    if (!said && clock.now() - begun < veryShortMs) throw unavailable(name, "the watch ended as soon as it began");
  }

  /** What cannot be asked for is a sign that the server is away, where a watch that breaks off is none yet. */
  async #asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (reason) {
      if (!this.#upkeep.closing && !(reason instanceof GoneError)) {
        this.#away = true;
        // Who may list and not watch is told by lists, until that is mended.
        if (isFinal(reason)) this.#version = undefined;
        this.#feed.markStale();
      }
      throw reason;
    }
  }

  #opened(well: () => void): void {
    well();
    if (this.#away) this.#discovery.publish();
    this.#away = false;
  }

  /** @returns whether to go on */
  #take(batch: readonly SliceEvent[]): boolean {
    const error = batch.find(({ type }) => type === "ERROR");
    if (error !== batch[0]) this.#justListed = false;
    if (error !== undefined) this.#broken(error.object);
    const changes = batch.filter(({ type }) => changing.has(type));
    const emptied = changes.length > 0 && this.#discovery.apply(changes);
    if (changes.length === 0) this.#feed.confirm();
    this.#version = emptied ? undefined : (batch.map(versionOf).findLast((each) => each !== "") ?? this.#version);
    return !emptied;
  }

  /** The server does not know what comes next: after an error the slices have to be listed. */
  #broken(status: unknown): never {
    const { code, reason, message } = fieldsOf(status);
    const said = `the watch failed: ${textOf(message) || textOf(reason) || `code ${String(code)}`}`;
    if (code === 410 || reason === "Expired" || reason === "Gone") throw new GoneError(said);
    this.#version = undefined;
    throw unavailable(this.#options.name, said);
  }
}

/** BOOKMARK says only how far we are. */
const changing = new Set(["ADDED", "MODIFIED", "DELETED"]);

function versionOf({ object }: SliceEvent): string {
  return textOf(fieldsOf(fieldsOf(object)["metadata"])["resourceVersion"]);
}
