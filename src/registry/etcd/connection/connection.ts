import type { IDuplexStream, IRangeResponse, ITxnRequest, ITxnResponse } from "etcd3";
import { Code, type RpcError } from "../../../errors/errors.js";
import { closedError } from "../../failures.js";
import type { EtcdApi, KeepAliveStream, KeyRange, WatchStream } from "../api.js";
import type { ResolvedEtcdOptions } from "../options.js";
import { cannotServe, isCancelled, isElected, toRpcError } from "./failures.js";
import type { EtcdMember, Work } from "./member.js";
import { Members } from "./members.js";
import { Outage } from "./outage.js";
import { inPages } from "./pages.js";

/** One for a member that is dead, one for an election that this begins, one for the answer. */
const mostTries = 3;

/**
 * etcd's own calls, all to one member over one TCP connection. When the member cannot serve it is left, which ends all
 * that is under way on it, and the next host is asked; a request that met this is tried there again, which is safe for
 * those there are: at worst a lease is granted that nobody knows of, and it runs out.
 *
 * Every failure is an `RpcError` that names this etcd: UNAVAILABLE where trying again may help, NOT_FOUND for a lease that
 * is gone.
 */
export class EtcdConnection implements EtcdApi {
  readonly #options: ResolvedEtcdOptions;
  readonly #members: Members;
  readonly #outage: Outage;
  /** Linearizable, and about a key that no instance has. */
  readonly #nothing: Work<unknown>;
  #renewal: Promise<unknown> | undefined;

  constructor(options: ResolvedEtcdOptions) {
    const { clock, random, keys } = options;
    const { key } = keys.everything();
    this.#options = options;
    this.#members = new Members(options);
    this.#nothing = (client, callOptions) => client.kv.range({ key, limit: 1, count_only: true }, callOptions);
    this.#outage = new Outage({
      clock,
      random,
      ask: (signal) => this.#members.askAll((member, timeoutMs) => this.#probe(member, timeoutMs), signal),
    });
  }

  range(range: KeyRange): Promise<IRangeResponse> {
    return inPages(range, (page) => this.#request((client, options) => client.kv.range(page, options)));
  }

  txn(request: ITxnRequest, timeoutMs?: number): Promise<ITxnResponse> {
    return this.#request((client, options) => client.kv.txn(request, options), timeoutMs);
  }

  async grant(ttlMs: number): Promise<{ leaseId: string; ttlMs: number }> {
    const wanted = { TTL: Math.ceil(ttlMs / 1_000) };
    const { ID, TTL } = await this.#request((client, options) => client.leaseClient.leaseGrant(wanted, options));
    return { leaseId: ID, ttlMs: Number(TTL) * 1_000 };
  }

  async revoke(leaseId: string, timeoutMs?: number): Promise<void> {
    await this.#request((client, options) => client.leaseClient.leaseRevoke({ ID: leaseId }, options), timeoutMs);
  }

  async isAlive(leaseId: string): Promise<boolean> {
    const { TTL } = await this.#request((client, options) =>
      client.leaseClient.leaseTimeToLive({ ID: leaseId }, options),
    );
    // Whole seconds that are left, rounded down, so 0 in the last of them; -1 is gone.
    return Number(TTL) >= 0;
  }

  keepAlive(): Promise<KeepAliveStream> {
    return this.#open((client, options) => client.leaseClient.leaseKeepAlive(options));
  }

  watch(): Promise<WatchStream> {
    return this.#open((client, options) => client.watchClient.watch(options));
  }

  failure(reason: unknown): RpcError {
    return toRpcError(reason, this.#options);
  }

  suspect(why: string): void {
    const member = this.#members.suspicious;
    if (member !== undefined) this.#leave(member, why);
  }

  untilBack(signal: AbortSignal): Promise<void> {
    return this.#outage.untilBack(signal);
  }

  /** Ends whatever is under way, with an error, and every timer. */
  async close(): Promise<void> {
    this.#outage.close();
    this.#members.close();
  }

  /** @param timeoutMs for all tries together; where there is another member, one leaves time for the next */
  async #request<T>(work: Work<T>, timeoutMs: number = this.#options.requestTimeoutMs): Promise<T> {
    // Real time, as in `EtcdMember.request`.
    const until = Date.now() + timeoutMs;
    const share = this.#options.hosts.length > 1 ? 0.5 : 1;
    for (let left = mostTries - 1; ; left--) {
      const tried = await this.#try(work, (until - Date.now()) * (left > 0 ? share : 1));
      if ("answer" in tried) return tried.answer;
      if (left > 0 && Date.now() < until) continue;
      this.#outage.begin();
      throw tried.failure;
    }
  }

  /** Throws what etcd refuses. A failure of the member, which is left then, is returned: to try again may help. */
  async #try<T>(work: Work<T>, timeoutMs: number): Promise<{ readonly answer: T } | { readonly failure: RpcError }> {
    const until = Date.now() + timeoutMs;
    let member: EtcdMember | undefined;
    try {
      member = await this.#members.current(timeoutMs);
      const answer = await member.request(work, until - Date.now());
      this.#outage.over();
      return { answer };
    } catch (reason) {
      if (this.#members.closed) throw closedError(this.#options.name);
      const failure = toRpcError(reason, this.#options, { host: member?.host, timeoutMs });
      if (isElected(reason)) return { failure };
      if (cannotServe(reason)) {
        if (member !== undefined) this.#members.leave(member, this.#reason(failure));
        return { failure };
      }
      this.#outage.over();
      throw failure;
    }
  }

  async #open<S extends IDuplexStream<never, unknown>>(work: Work<S>): Promise<S> {
    const { auth, requestTimeoutMs } = this.#options;
    // A request goes on with a new token where the old one is refused; a stream would just be refused.
    if (auth !== undefined) await this.#renewToken();
    const member = await this.#members.current(requestTimeoutMs);
    try {
      const stream = await member.open(work, requestTimeoutMs);
      stream.on("error", (reason: unknown) => this.#streamFailed(member, reason));
      return stream;
    } catch (reason) {
      this.#streamFailed(member, reason);
      throw toRpcError(reason, this.#options, member);
    }
  }

  /** Also hears of the cancellation by which its reader has ended it, which means nothing. */
  #streamFailed(member: EtcdMember, reason: unknown): void {
    if (isCancelled(reason) || !cannotServe(reason)) return;
    this.#leave(member, this.#reason(toRpcError(reason, this.#options, member)));
  }

  /** A request finds out by itself whether etcd is away; where there is none, a probe does. */
  #leave(member: EtcdMember, why: string): void {
    if (this.#members.leave(member, why)) this.#outage.begin();
  }

  /** One request for all who open a stream at the same moment. */
  #renewToken(): Promise<unknown> {
    this.#renewal ??= this.#request(this.#nothing)
      .catch((error: RpcError) => {
        if (error.code !== Code.PERMISSION_DENIED) throw error;
      })
      .finally(() => {
        this.#renewal = undefined;
      });
    return this.#renewal;
  }

  /** A refusal is an answer too. */
  async #probe(member: EtcdMember, timeoutMs: number): Promise<void> {
    try {
      await member.request(this.#nothing, timeoutMs);
    } catch (reason) {
      if (cannotServe(reason)) throw reason;
    }
  }

  /** Without the name of this etcd, which is put before it again. */
  #reason(failure: RpcError): string {
    return failure.message.slice(`${this.#options.name}: `.length);
  }
}
