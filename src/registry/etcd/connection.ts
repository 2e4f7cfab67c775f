import type { IDuplexStream, IRangeResponse, ITxnRequest, ITxnResponse } from "etcd3";
import { Code, type RpcError } from "../../errors/errors.js";
import { closedError } from "../failures.js";
import type { EtcdApi, KeepAliveStream, KeyRange, WatchStream } from "./api.js";
import { type Etcd3Module, loadEtcd3 } from "./etcd3.js";
import { cannotServe, isCancelled, isElected, toRpcError } from "./failures.js";
import { EtcdMember, type Work } from "./member.js";
import type { ResolvedEtcdOptions } from "./options.js";
import { Outage } from "./outage.js";
import { Token } from "./token.js";

/** How long a probe of a member may take; one that takes longer is not back, and the next may find it so. */
const probeTimeoutMs = 1_000;

/** One for a member that is dead, one for an election that this begins, one for the answer. */
const mostTries = 3;

/** A member asked for less long than this is not left for what a stream of the one before has not heard. */
const newMemberMs = 1_000;

/**
 * etcd's own calls, all to one member over one TCP connection. When the member cannot serve it is left, which ends all
 * that is under way on it, and the next host is asked; a request that met this is tried there again, which is safe for
 * those there are: at worst a lease is granted that nobody knows of, and it runs out.
 *
 * etcd3 is loaded by the first call. Every failure is an `RpcError` that names this etcd: UNAVAILABLE where trying again
 * may help, NOT_FOUND for a lease that is gone.
 */
export class EtcdConnection implements EtcdApi {
  readonly #options: ResolvedEtcdOptions;
  /** In the order in which they are tried, another in each process. */
  readonly #hosts: readonly string[];
  readonly #token = new Token();
  readonly #outage: Outage;
  #etcd3: Promise<Etcd3Module> | undefined;
  #turn = 0;
  #current: { readonly member: EtcdMember; readonly since: number } | undefined;
  #renewal: Promise<unknown> | undefined;
  #closed = false;

  constructor(options: ResolvedEtcdOptions) {
    const { clock, random, hosts } = options;
    this.#options = options;
    this.#hosts = shuffled(hosts, random);
    this.#outage = new Outage({ clock, random, ask: (signal) => this.#askAll(signal) });
  }

  range(range: KeyRange): Promise<IRangeResponse> {
    return this.#request((client, options) => client.kv.range({ ...range }, options));
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

  async failure(reason: unknown): Promise<RpcError> {
    return toRpcError(reason, this.#options);
  }

  suspect(why: string): void {
    const current = this.#current;
    if (current === undefined || this.#options.clock.now() - current.since < newMemberMs) return;
    this.#leave(current.member, why);
    this.#outage.begin();
  }

  untilBack(signal: AbortSignal): Promise<void> {
    return this.#outage.untilBack(signal);
  }

  /** Ends whatever is under way, with an error, and every timer. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#outage.close();
    this.#current?.member.leave("the registry is closed");
    this.#current = undefined;
  }

  /** @param timeoutMs for all tries together; where there is another member, one leaves time for the next */
  async #request<T>(work: Work<T>, timeoutMs: number = this.#options.requestTimeoutMs): Promise<T> {
    // Real time, as in `EtcdMember.request`.
    const until = Date.now() + timeoutMs;
    const share = this.#hosts.length > 1 ? 0.5 : 1;
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
    const member = await this.#member();
    try {
      const answer = await member.request(work, timeoutMs);
      this.#outage.over();
      return { answer };
    } catch (reason) {
      if (this.#closed) throw closedError(this.#options.name);
      const failure = toRpcError(reason, this.#options, member.host);
      if (isElected(reason)) return { failure };
      if (cannotServe(reason)) {
        this.#leave(member, this.#reason(failure));
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
    const member = await this.#member();
    try {
      const stream = await member.open(work, requestTimeoutMs);
      stream.on("error", (reason: unknown) => this.#streamFailed(member, reason));
      return stream;
    } catch (reason) {
      this.#streamFailed(member, reason);
      throw toRpcError(reason, this.#options, member.host);
    }
  }

  /** Also hears of the cancellation by which its reader has ended it, which means nothing. */
  #streamFailed(member: EtcdMember, reason: unknown): void {
    if (this.#current?.member !== member || isCancelled(reason) || !cannotServe(reason)) return;
    this.#leave(member, this.#reason(toRpcError(reason, this.#options, member.host)));
    this.#outage.begin();
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

  /** Linearizable, and about a key that no instance has. */
  readonly #nothing: Work<unknown> = (client, options) =>
    client.kv.range({ key: this.#options.keys.everything().key, limit: 1, count_only: true }, options);

  /** Asks every host at once, each over a new connection; the first that answers is the member from then on. */
  async #askAll(signal: AbortSignal): Promise<boolean> {
    const etcd3 = await this.#load().catch(() => undefined);
    if (etcd3 === undefined || signal.aborted) return false;
    const members = this.#hosts.map((host) => this.#make(etcd3, host));
    const leaveAll = () => {
      for (const member of members) if (member !== this.#current?.member) member.leave("it was only asked how it is");
    };
    signal.addEventListener("abort", leaveAll, { once: true });
    try {
      const back = await Promise.any(members.map((member) => this.#answers(member)));
      if (signal.aborted) return false;
      this.#current?.member.leave(`${back.host} has answered`);
      this.#current = { member: back, since: this.#options.clock.now() };
      this.#turn = this.#hosts.indexOf(back.host);
      return true;
    } catch {
      return false;
    } finally {
      signal.removeEventListener("abort", leaveAll);
      leaveAll();
    }
  }

  async #answers(member: EtcdMember): Promise<EtcdMember> {
    try {
      await member.request(this.#nothing, Math.min(probeTimeoutMs, this.#options.requestTimeoutMs));
    } catch (reason) {
      if (cannotServe(reason)) throw reason;
    }
    return member;
  }

  async #member(): Promise<EtcdMember> {
    if (this.#closed) throw closedError(this.#options.name);
    const etcd3 = await this.#load();
    if (this.#closed) throw closedError(this.#options.name);
    this.#current ??= {
      member: this.#make(etcd3, this.#hosts[this.#turn]!),
      since: this.#options.clock.now(),
    };
    return this.#current.member;
  }

  #make(etcd3: Etcd3Module, host: string): EtcdMember {
    return new EtcdMember(etcd3, host, this.#options, this.#token);
  }

  #leave(member: EtcdMember, why: string): void {
    if (this.#current?.member !== member) return;
    this.#current = undefined;
    this.#turn = (this.#turn + 1) % this.#hosts.length;
    this.#options.logger.debug({ host: member.host, next: this.#hosts[this.#turn], why }, "etcd: left a member");
    member.leave(why);
  }

  /** Without the name of this etcd, which is put before it again. */
  #reason(failure: RpcError): string {
    return failure.message.slice(`${this.#options.name}: `.length);
  }

  #load(): Promise<Etcd3Module> {
    this.#etcd3 ??= loadEtcd3().catch((error: unknown) => {
      this.#etcd3 = undefined;
      throw error;
    });
    return this.#etcd3;
  }
}

/** Fisher-Yates. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
