import { Code, RpcError } from "../../errors/errors.js";
import { sleep } from "../../time/time.js";
import { closedError } from "../failures.js";
import { Waiters } from "../waiters.js";
import { type Answer, ConsulHttp, type Question } from "./http.js";
import type { ResolvedConsulOptions } from "./options.js";
import type { HealthEntry, ServiceRecord } from "./records.js";

export interface Health {
  /** Grows with every change, and sometimes with none. */
  readonly index: number;
  readonly entries: readonly HealthEntry[];
  /** Some were kept from us: the token may not read them. */
  readonly filtered: boolean;
}

export interface HealthQuestion {
  /** Waits until there is news since then. Default: answers at once. */
  readonly index?: number;
  readonly waitMs?: number;
  /** Only of this id, and where it is registered: in the agent's own datacenter. */
  readonly id?: string;
  readonly signal?: AbortSignal;
}

type Unlimited = Omit<Question, "timeoutMs" | "signal"> & { readonly signal?: AbortSignal | undefined };

/**
 * What the loops ask Consul. Every failure is an `RpcError` that names this Consul: UNAVAILABLE where trying again may
 * help, NOT_FOUND for a check that the agent does not know.
 */
export class ConsulApi {
  readonly #options: ResolvedConsulOptions;
  readonly #http: ConsulHttp;
  readonly #closing = new AbortController();
  /** Questions that Consul holds back until there is news. */
  readonly #held = new Set<AbortController>();
  /** The last question had no answer, or one that said that there is no leader. */
  #away = false;
  /** Who waits for Consul to be back. */
  readonly #waiters = new Waiters();
  #pulse: Promise<void> | undefined;
  #back: Promise<void> | undefined;

  constructor(options: ResolvedConsulOptions) {
    this.#options = options;
    this.#http = new ConsulHttp(options);
  }

  /** With the agent, which tells the catalogue in its own time. */
  async register(record: ServiceRecord, signal?: AbortSignal): Promise<void> {
    const { ttlMs, deregisterAfterMs } = this.#options;
    const Check = {
      TTL: `${ttlMs}ms`,
      Status: "passing",
      DeregisterCriticalServiceAfter: `${deregisterAfterMs}ms`,
    };
    const path = "/v1/agent/service/register";
    const query = { "replace-existing-checks": "true" };
    await this.#ask({ method: "PUT", path, query, body: { ...record, Check }, signal });
  }

  /** @throws RpcError NOT_FOUND where the agent knows nothing of it */
  async pass(id: string, signal?: AbortSignal): Promise<void> {
    const path = `/v1/agent/check/pass/${encodeURIComponent(`service:${id}`)}`;
    const answer = await this.#answer({ method: "PUT", path, signal });
    if (answer.status === 404 || (answer.status === 500 && saysUnknown.test(answer.text))) {
      throw new RpcError(Code.NOT_FOUND, `${this.#options.name}: the agent does not know "${id}" (${said(answer)})`);
    }
    this.#check(answer);
  }

  /** What the agent itself knows. @returns undefined where it knows nothing of it */
  async registered(id: string, signal?: AbortSignal): Promise<HealthEntry["Service"]> {
    const answer = await this.#answer({ method: "GET", path: `/v1/agent/service/${encodeURIComponent(id)}`, signal });
    return answer.status === 404 ? undefined : (this.#json(this.#check(answer)) as HealthEntry["Service"]);
  }

  async deregister(id: string, signal?: AbortSignal): Promise<void> {
    const path = `/v1/agent/service/deregister/${encodeURIComponent(id)}`;
    const answer = await this.#answer({ method: "PUT", path, signal });
    if (answer.status !== 404) this.#check(answer);
  }

  /** Everybody of a service whose checks all pass. */
  async health(service: string, question: HealthQuestion = {}): Promise<Health> {
    const { index, waitMs = this.#options.waitMs, id, signal } = question;
    const held = index !== undefined;
    const filter = id === undefined ? undefined : `Service.ID == ${JSON.stringify(id)}`;
    const query = {
      passing: "1",
      filter,
      dc: id === undefined ? this.#options.datacenter : undefined,
      index: held ? String(index) : undefined,
      wait: held ? `${waitMs}ms` : undefined,
    };
    const ask = { method: "GET", path: `/v1/health/service/${encodeURIComponent(service)}`, query } as const;
    const answer = this.#check(held ? await this.#hold(ask, waitMs, signal) : await this.#answer({ ...ask, signal }));
    const entries = this.#json(answer);
    if (!Array.isArray(entries)) throw this.#nonsense();
    const filtered = answer.headers["x-consul-results-filtered-by-acls"] === "true";
    const now = Number(answer.headers["x-consul-index"]);
    if (!Number.isSafeInteger(now)) throw this.#nonsense();
    return { index: now, entries, filtered };
  }

  /** The names of all services. */
  async services(): Promise<readonly string[]> {
    const query = { dc: this.#options.datacenter };
    const names = this.#json(await this.#ask({ method: "GET", path: "/v1/catalog/services", query }));
    if (typeof names !== "object" || names === null) throw this.#nonsense();
    return Object.keys(names);
  }

  /**
   * Resolves when Consul answers again, and has a leader, after it did not; a second from now or later. And when the signal
   * aborts. One small question a second, for everybody who waits.
   */
  async untilBack(signal: AbortSignal): Promise<void> {
    if (this.#away)
      this.#back ??= this.#listenForLeader().finally(() => {
        this.#back = undefined;
        this.#waiters.wake();
      });
    await this.#waiters.wait(signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const held of this.#held) held.abort();
    await Promise.all([this.#pulse, this.#back]);
    this.#http.close();
  }

  /**
   * Asks what may stay unanswered for minutes. A link that is dead or an agent that is frozen would look no different: so
   * while anything is held, Consul is asked something small now and then, and if that fails all that is held has failed.
   */
  async #hold(question: Omit<Question, "timeoutMs">, waitMs: number, signal?: AbortSignal): Promise<Answer> {
    const held = new AbortController();
    const giveUp = (): void => held.abort();
    this.#held.add(held);
    this.#pulse ??= this.#keepPulse().finally(() => {
      this.#pulse = undefined;
    });
    if (signal?.aborted) giveUp();
    signal?.addEventListener("abort", giveUp);
    try {
      // Consul adds up to a sixteenth to the wait, so that not all come back at once.
      const timeoutMs = waitMs + waitMs / 16 + this.#options.requestTimeoutMs;
      return await this.#send({ ...question, timeoutMs, signal: held.signal });
    } catch (error) {
      throw held.signal.reason instanceof RpcError ? held.signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", giveUp);
      this.#held.delete(held);
    }
  }

  async #keepPulse(): Promise<void> {
    const { clock, ttlMs } = this.#options;
    const { signal } = this.#closing;
    while (this.#held.size > 0 && !signal.aborted) {
      await sleep(clock, ttlMs, signal);
      if (signal.aborted || this.#held.size === 0) return;
      const error = await this.#leader().catch((reason: unknown) => reason);
      if (!(error instanceof RpcError)) continue;
      for (const held of [...this.#held]) held.abort(error);
    }
  }

  async #listenForLeader(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await sleep(clock, 1_000 + 500 * random(), signal);
      const leader = await this.#leader().catch(() => undefined);
      if (leader) return;
    }
  }

  async #leader(): Promise<unknown> {
    return this.#json(await this.#ask({ method: "GET", path: "/v1/status/leader", signal: this.#closing.signal }));
  }

  async #ask(question: Unlimited): Promise<Answer> {
    return this.#check(await this.#answer(question));
  }

  #answer(question: Unlimited): Promise<Answer> {
    if (this.#closing.signal.aborted) return Promise.reject(closedError(this.#options.name));
    const { signal, ...rest } = question;
    return this.#send({ ...rest, ...(signal && { signal }), timeoutMs: this.#options.requestTimeoutMs });
  }

  async #send(question: Question): Promise<Answer> {
    try {
      const answer = await this.#http.ask(question);
      this.#away = answer.status >= 500 && answer.text.includes("leader");
      return answer;
    } catch (error) {
      if (!question.signal?.aborted) this.#away = true;
      throw error;
    }
  }

  #check(answer: Answer): Answer {
    const { status } = answer;
    if (status >= 200 && status < 300) return answer;
    const code = codes.get(status) ?? Code.UNAVAILABLE;
    const way = status === 403 || status === 401 ? "; check token, and the policy it has" : "";
    throw new RpcError(code, `${this.#options.name}: it answered ${status}: ${said(answer)}${way}`);
  }

  #json(answer: Answer): unknown {
    try {
      return JSON.parse(answer.text);
    } catch (cause) {
      throw this.#nonsense(cause);
    }
  }

  #nonsense(cause?: unknown): RpcError {
    return new RpcError(Code.UNAVAILABLE, `${this.#options.name}: the answer is none of Consul's`, { cause });
  }
}

/** Of a check, by agents before 1.11: any other 500 is a failure like others. */
const saysUnknown = /unknown check|does not have associated TTL/i;

const codes = new Map([
  [400, Code.INVALID_ARGUMENT],
  [401, Code.UNAUTHENTICATED],
  [403, Code.PERMISSION_DENIED],
]);

function said({ text }: Answer): string {
  return text.trim().slice(0, 200) || "nothing";
}
