import type { Random } from "../../time/time.js";
import { closedError } from "../failures.js";
import { type Etcd3Module, loadEtcd3 } from "./etcd3.js";
import { EtcdMember } from "./member.js";
import type { ResolvedEtcdOptions } from "./options.js";
import { Token } from "./token.js";

/** A member spoken to for less long than this is not left for what a stream of the one before has not heard. */
const newMs = 1_000;

/** The hosts of one etcd, of which one is spoken to at a time. etcd3 is loaded when the first is. */
export class Members {
  readonly #options: ResolvedEtcdOptions;
  /** In the order in which they are tried, another in each process. */
  readonly #hosts: readonly string[];
  readonly #token = new Token();
  #etcd3: Promise<Etcd3Module> | undefined;
  #turn = 0;
  #current: { readonly member: EtcdMember; readonly since: number } | undefined;
  #closed = false;

  constructor(options: ResolvedEtcdOptions) {
    this.#options = options;
    this.#hosts = shuffled(options.hosts, options.random);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The one spoken to now; the next in turn where there is none. @throws RpcError FAILED_PRECONDITION */
  async current(): Promise<EtcdMember> {
    if (this.#closed) throw closedError(this.#options.name);
    const etcd3 = await this.#load();
    if (this.#closed) throw closedError(this.#options.name);
    if (this.#current === undefined) this.#speakTo(this.#make(etcd3, this.#hosts[this.#turn]!));
    return this.#current!.member;
  }

  /** Whom to leave where there is a suspicion: nobody who is new. */
  get suspicious(): EtcdMember | undefined {
    const current = this.#current;
    const isNew = current !== undefined && this.#options.clock.now() - current.since < newMs;
    return isNew ? undefined : current?.member;
  }

  /** The next call goes to the next host. @returns false for one that is not spoken to any more: that was dealt with */
  leave(member: EtcdMember, why: string): boolean {
    if (this.#current?.member !== member) return false;
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
  async askAll(ask: (member: EtcdMember) => Promise<void>, signal: AbortSignal): Promise<boolean> {
    const etcd3 = await this.#load().catch(() => undefined);
    if (etcd3 === undefined || signal.aborted) return false;
    const asked = this.#hosts.map((host) => this.#make(etcd3, host));
    const leaveAll = () => {
      for (const member of asked) if (member !== this.#current?.member) member.leave("it was only asked how it is");
    };
    signal.addEventListener("abort", leaveAll, { once: true });
    try {
      const first = await Promise.any(asked.map((member) => ask(member).then(() => member)));
      if (signal.aborted) return false;
      this.#current?.member.leave(`${first.host} has answered`);
      this.#speakTo(first);
      return true;
    } catch {
      return false;
    } finally {
      signal.removeEventListener("abort", leaveAll);
      leaveAll();
    }
  }

  close(): void {
    this.#closed = true;
    this.#current?.member.leave("the registry is closed");
    this.#current = undefined;
  }

  #make(etcd3: Etcd3Module, host: string): EtcdMember {
    return new EtcdMember(etcd3, host, this.#options, this.#token);
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
