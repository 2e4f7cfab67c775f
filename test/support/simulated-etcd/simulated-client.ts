import type { IRangeResponse, ITxnRequest, ITxnResponse, IWatchRequest, IWatchResponse } from "etcd3";
import { Code, RpcError } from "../../../src/errors/errors.js";
import type { KeepAliveStream, KeyRange, WatchStream } from "../../../src/registry/etcd/api.js";
import { Outage } from "../../../src/registry/etcd/connection/outage.js";
import type { ClosableEtcdApi } from "../../../src/registry/etcd/etcd-registry.js";
import type { Connection, ServerSide } from "./connection.js";
import { Dialer } from "./dialer.js";
import type { History } from "./history.js";
import type { Link } from "./link.js";
import { EtcdRefusal, latin } from "./mvcc-store.js";
import type { SimulatedEtcd } from "./simulated-etcd.js";
import { SimulatedStream } from "./simulated-stream.js";
import type { VirtualClock } from "./virtual-clock.js";
import { WatchServer } from "./watch-server.js";

export interface SimulatedClientOptions {
  readonly name: string;
  readonly etcd: SimulatedEtcd;
  readonly link: Link;
  readonly clock: VirtualClock;
  readonly history: History;
  readonly requestTimeoutMs: number;
  /** Whether tokens are asked for and checked. */
  readonly auth: boolean;
}

/** Refusals that trying again does not change. */
const kept = [Code.NOT_FOUND, Code.UNAUTHENTICATED] as const;

/** etcd as one process sees it over its link: what the real connection does, in a time and on a network of their own. */
export class SimulatedClient implements ClosableEtcdApi {
  readonly name: string;
  /** Lists of services that were answered. */
  lists = 0;
  readonly #options: SimulatedClientOptions;
  readonly #outage: Outage;
  readonly #dialer: Dialer;
  #token = 0;
  #closed = false;

  constructor(options: SimulatedClientOptions) {
    this.name = options.name;
    this.#options = options;
    const { clock, etcd, link } = options;
    this.#dialer = new Dialer({ etcd, link, onEnd: (why) => this.#say(`disconnected: ${why}`) });
    this.#outage = new Outage({
      clock,
      random: link.random,
      ask: () => this.#probe(),
    });
  }

  async range(range: KeyRange): Promise<IRangeResponse> {
    const answer = await this.#call(`range ${latin(range.key)}`, (etcd) => etcd.range({ ...range }));
    if (range.range_end !== undefined) this.lists += 1;
    this.#say(`range ${latin(range.key)} -> ${answer.count} at ${answer.header.revision}`);
    return answer;
  }

  txn(request: ITxnRequest, timeoutMs?: number): Promise<ITxnResponse> {
    return this.#call("txn", (etcd) => etcd.txn(request), timeoutMs);
  }

  async grant(ttlMs: number): Promise<{ readonly leaseId: string; readonly ttlMs: number }> {
    const lease = await this.#call("grant", (etcd) => etcd.grant(Math.ceil(ttlMs / 1_000), this.name));
    return { leaseId: lease.id, ttlMs: lease.ttlS * 1_000 };
  }

  async revoke(leaseId: string, timeoutMs?: number): Promise<void> {
    await this.#call(`revoke ${leaseId.slice(-3)}`, (etcd) => etcd.revoke(leaseId), timeoutMs);
  }

  async isAlive(leaseId: string): Promise<boolean> {
    return (await this.#call("timeToLive", (etcd) => etcd.timeToLive(leaseId))) >= 0;
  }

  async keepAlive(): Promise<KeepAliveStream> {
    const { etcd, auth } = this.#options;
    if (auth) await this.#call("renew the token", (server) => server.store.revision);
    const stream = this.#stream<{ ID: string }, unknown>("keepalive", (send, fail) => ({
      receive: ({ ID }) => {
        if (!etcd.hasLeader) return fail("no leader");
        etcd.keepAlive(ID, (ttlS) => send({ header: etcd.store.header(), ID, TTL: String(ttlS) }));
      },
      closed() {},
      leaderLost: () => fail("no leader"),
    }));
    return stream as unknown as KeepAliveStream;
  }

  async watch(): Promise<WatchStream> {
    const { etcd } = this.#options;
    if (this.#options.auth) await this.#call("renew the token", (etcd) => etcd.store.revision);
    const token = await this.#login(this.#options.clock.now() + this.#options.requestTimeoutMs);
    const stream = this.#stream<IWatchRequest, IWatchResponse>("watch", (send, fail) => {
      const server = new WatchServer(etcd, send);
      return {
        receive: (request) => (etcd.hasLeader ? server.receive(request, token === etcd.token) : fail("no leader")),
        closed: () => server.close(),
        committed: (revision) => server.committed(revision),
        leaderLost: () => {
          server.close();
          fail("no leader");
        },
      };
    });
    return stream as unknown as WatchStream;
  }

  failure(reason: unknown): RpcError {
    if (reason instanceof RpcError) return reason;
    return this.#unavailable(reason instanceof Error ? reason.message : String(reason));
  }

  suspect(why: string): void {
    if (!this.#dialer.isGrown) return;
    this.#say(`suspects etcd: ${why}`);
    this.#dialer.end(why);
    this.#outage.begin();
  }

  untilBack(signal: AbortSignal): Promise<void> {
    return this.#outage.untilBack(signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#outage.close();
    this.#dialer.end("closed");
  }

  /** Tried once more where the connection broke, and with a new token where the old one is refused. */
  async #call<T>(what: string, work: (etcd: SimulatedEtcd) => T, timeoutMs?: number): Promise<T> {
    const { clock, requestTimeoutMs } = this.#options;
    const untilMs = clock.now() + (timeoutMs ?? requestTimeoutMs);
    try {
      return await this.#permitted(what, work, untilMs).catch((error: RpcError) => {
        if (error.code !== Code.UNAVAILABLE || clock.now() >= untilMs || this.#closed) throw error;
        return this.#permitted(what, work, untilMs);
      });
    } catch (error) {
      this.#say(`${what} failed: ${(error as RpcError).message}`);
      if ((error as RpcError).code === Code.UNAVAILABLE && !this.#closed) this.#outage.begin();
      throw error;
    }
  }

  async #permitted<T>(what: string, work: (etcd: SimulatedEtcd) => T, untilMs: number): Promise<T> {
    const answered = async () => {
      const token = await this.#login(untilMs);
      const permitted = (etcd: SimulatedEtcd) => {
        etcd.authorize(token);
        return work(etcd);
      };
      return await this.#request(what, permitted, untilMs);
    };
    return await answered().catch((error: RpcError) => {
      if (error.code !== Code.UNAUTHENTICATED) throw error;
      this.#token = 0;
      return answered();
    });
  }

  async #login(untilMs: number): Promise<number> {
    if (!this.#options.auth) return this.#options.etcd.token;
    if (this.#token === 0) this.#token = await this.#request("authenticate", (etcd) => etcd.token, untilMs);
    return this.#token;
  }

  /** Over a new connection, which is the one from then on where etcd answers. */
  async #probe(): Promise<boolean> {
    this.#dialer.anew("it is asked anew");
    return await this.#request("probe", (etcd) => etcd.authorize(etcd.token), this.#options.clock.now() + 1_000).then(
      () => true,
      () => false,
    );
  }

  #request<T>(what: string, work: (etcd: SimulatedEtcd) => T, untilMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const { etcd, clock } = this.#options;
      const connection = this.#connected();
      if (connection === undefined) return clock.later(0, () => reject(this.#unavailable("connection refused")));
      const timer = clock.later(untilMs - clock.now(), () => {
        channel.close();
        reject(this.#unavailable(`no answer to ${what} in time`));
        connection.end("a request was not answered in time");
      });
      const answer = (settle: () => void) => {
        timer.cancel();
        this.#outage.over();
        settle();
      };
      const channel = connection.open<undefined, () => void>(
        (send) => ({
          receive: () => {
            try {
              const result = work(etcd);
              send(() => answer(() => resolve(result)));
            } catch (reason) {
              send(() => answer(() => reject(this.#refused(reason))));
            }
          },
          closed() {},
        }),
        {
          receive: (settle) => {
            channel.close();
            settle();
          },
          failed: (why) => {
            timer.cancel();
            reject(this.#unavailable(why));
          },
        },
      );
      channel.send(undefined);
    });
  }

  #stream<In, Out>(
    what: string,
    server: (send: (message: Out) => void, fail: (why: string) => void) => ServerSide<In>,
  ): SimulatedStream<In, Out> {
    const connection = this.#connected();
    if (connection === undefined) {
      const refused = new SimulatedStream<In, Out>({ write() {}, close() {} });
      this.#options.clock.later(0, () => refused.fail(this.#unavailable("connection refused")));
      return refused.on("error", () => {});
    }
    const channel = connection.open<In, Out>(server, {
      receive: (message) => {
        this.#outage.over();
        stream.receive(message);
      },
      failed: (why) => {
        this.#say(`${what} stream ended: ${why}`);
        if (!this.#closed) this.#outage.begin();
        if (why === "no leader") connection.end(why);
        stream.fail(this.#unavailable(why));
      },
    });
    const stream = new SimulatedStream<In, Out>({ write: channel.send, close: channel.close });
    // As the real connection, which hears of it too.
    return stream.on("error", () => {});
  }

  #connected(): Connection | undefined {
    if (this.#closed) throw new RpcError(Code.FAILED_PRECONDITION, `${this.name}: closed`);
    return this.#dialer.connection();
  }

  #refused(reason: unknown): RpcError {
    if (reason instanceof EtcdRefusal) {
      const code = (kept as readonly Code[]).includes(reason.code) ? reason.code : Code.UNAVAILABLE;
      return new RpcError(code, `${this.name}: ${reason.message}`);
    }
    throw reason;
  }

  #unavailable(why: string): RpcError {
    return new RpcError(Code.UNAVAILABLE, `${this.name}: ${why}`);
  }

  #say(what: string): void {
    this.#options.history.add(this.name, what);
  }
}
