import { Code, RpcError } from "../../../errors/errors.js";
import type { Random } from "../../../time/time.js";
import { closedError } from "../../failures.js";
import { joinSignals } from "../../join-signals.js";
import type { ResolvedEtcdOptions } from "../options.js";
import { unlessAborted } from "../unless-aborted.js";
import { type Etcd3Module, loadEtcd3 } from "./etcd3.js";
import { toRpcError } from "./failures.js";
import { knock } from "./knock.js";
import { EtcdMember } from "./member.js";
import type { Token } from "./token.js";

/** A member spoken to for less long than this is not left for what a stream of the one before has not heard. */
const newMs = 1_000;

/** How long a host may take to say how it is; one that takes longer may be asked again. */
const patienceMs = 1_000;

/** The hosts of one etcd, of which one is spoken to at a time. etcd3 is loaded when the first is. */
export class Members {
  readonly #options: ResolvedEtcdOptions;
  /** In the order in which they are tried, another in each process. */
  readonly #hosts: readonly string[];
  /** Those that have failed: they are knocked at before they are spoken to again. */
  readonly #doubted = new Set<string>();
  readonly #token: Token = {};
  readonly #closing = new AbortController();
  #etcd3: Promise<Etcd3Module> | undefined;
  #turn = 0;
  #current: { readonly member: EtcdMember; readonly since: number } | undefined;
  #joining: Promise<void> | undefined;

  constructor(options: ResolvedEtcdOptions) {
    this.#options = options;
    this.#hosts = shuffled(options.hosts, options.random);
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * The one spoken to now; the next in turn where there is none.
   *
   * @throws RpcError UNAVAILABLE where none says anything in time
   */
  async current(timeoutMs: number): Promise<EtcdMember> {
    // Real time, as in `EtcdMember.request`.
    const until = Date.now() + timeoutMs;
    while (!this.closed) {
      if (this.#current !== undefined) return this.#current.member;
      const leftMs = Math.ceil(until - Date.now());
      if (leftMs <= 0) throw this.#late(timeoutMs);
      this.#joining ??= this.#join().finally(() => {
        this.#joining = undefined;
      });
      await unlessAborted(this.#joining, AbortSignal.timeout(leftMs), () => {});
    }
    throw closedError(this.#options.name);
  }

  /** Whom to leave where there is a suspicion: nobody who is new. */
  get suspicious(): EtcdMember | undefined {
    const current = this.#current;
    const isNew = current !== undefined && this.#options.clock.now() - current.since < newMs;
    return isNew ? undefined : current?.member;
  }

  /**
   * It has failed: the next call goes to the next host.
   *
   * @returns false for one that is not spoken to any more: that was dealt with
   */
  leave(member: EtcdMember, why: string): boolean {
    if (this.#current?.member !== member) return false;
    this.#doubted.add(member.host);
    this.#current = undefined;
    this.#turn = (this.#turn + 1) % this.#hosts.length;
    this.#options.logger.debug({ host: member.host, next: this.#hosts[this.#turn], why }, "etcd: left a member");
    member.leave(why);
    return true;
  }

  /**
   * Asks every host at once, each over a new connection. The first to answer is spoken to from then on.
   *
   * @param ask rejects where there is no answer
   * @returns whether anybody answered before the signal aborted
   */
  async askAll(ask: (member: EtcdMember, timeoutMs: number) => Promise<void>, signal: AbortSignal): Promise<boolean> {
    const etcd3 = await this.#load().catch(() => undefined);
    if (etcd3 === undefined) return false;
    const others = new AbortController();
    const { signal: over, release } = joinSignals(signal, others.signal);
    const asked = this.#hosts.map(async (host) => {
      await this.#knock(host, over);
      const member = new EtcdMember(etcd3, host, this.#options, this.#token);
      const leave = () => {
        if (member !== this.#current?.member) member.leave("it was only asked how it is");
      };
      over.addEventListener("abort", leave);
      if (over.aborted) leave();
      await ask(member, this.#patienceMs()).catch((reason: unknown) => {
        if (!over.aborted) this.#doubted.add(host);
        throw reason;
      });
      return member;
    });
    const first = await Promise.any(asked).catch(() => undefined);
    if (first !== undefined && !signal.aborted) {
      this.#current?.member.leave(`${first.host} has answered`);
      this.#speakTo(first);
    }
    others.abort();
    release();
    return first !== undefined && first === this.#current?.member;
  }

  close(): void {
    this.#closing.abort();
    this.#current?.member.leave("the registry is closed");
    this.#current = undefined;
  }

  /** Finds somebody to speak to. */
  async #join(): Promise<void> {
    const etcd3 = await this.#load();
    const { signal } = this.#closing;
    let refusal: unknown;
    for (const _ of this.#hosts) {
      const host = this.#hosts[this.#turn]!;
      try {
        await this.#knock(host, signal);
        if (this.#current !== undefined || signal.aborted) return;
        return this.#speakTo(new EtcdMember(etcd3, host, this.#options, this.#token));
      } catch (reason) {
        refusal = toRpcError(reason, this.#options, { host });
        if (this.#current !== undefined || signal.aborted) return;
        this.#turn = (this.#turn + 1) % this.#hosts.length;
      }
    }
    throw refusal;
  }

  /** Rejects where a host that was in doubt cannot be spoken to yet. */
  async #knock(host: string, signal: AbortSignal): Promise<void> {
    if (!this.#doubted.has(host)) return;
    const refusal = await knock(host, this.#options.credentials, this.#patienceMs(), signal);
    if (refusal !== undefined) throw refusal;
    this.#doubted.delete(host);
  }

  #late(timeoutMs: number): RpcError {
    return new RpcError(Code.UNAVAILABLE, `${this.#options.name}: no answer within ${Math.round(timeoutMs)} ms`);
  }

  #patienceMs(): number {
    return Math.min(patienceMs, this.#options.requestTimeoutMs);
  }

  #speakTo(member: EtcdMember): void {
    this.#current = { member, since: this.#options.clock.now() };
    this.#turn = this.#hosts.indexOf(member.host);
  }

  #load(): Promise<Etcd3Module> {
    this.#etcd3 ??= loadEtcd3().catch((error: unknown) => {
      this.#etcd3 = undefined;
      throw error;
    });
    return this.#etcd3;
  }
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
