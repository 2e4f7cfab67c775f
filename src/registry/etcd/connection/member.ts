import type { Etcd3, IDuplexStream } from "etcd3";
import { Code } from "../../../errors/errors.js";
import type { ResolvedEtcdOptions } from "../options.js";
import { type CallOptions, clientOptions, type Etcd3Module, type Interceptor, type WireCall } from "./etcd3.js";
import { isTokenRefused, refusedToken } from "./failures.js";
import { Login, type Token } from "./token.js";

/** A call to etcd3, which must hand on the options. */
export type Work<T> = (client: Etcd3, options: CallOptions) => Promise<T>;

/** How long a connection that is just being made is waited for, to be closed. */
const lastWordMs = 1_000;

/**
 * One host of etcd, over one HTTP/2 connection of its own, which is made by the first request. It tries nothing twice,
 * except with a new token: where to go when it fails is for `EtcdConnection` to say.
 */
export class EtcdMember {
  readonly host: string;
  readonly #client: Etcd3;
  readonly #auth: ResolvedEtcdOptions["auth"];
  readonly #login: Login;
  readonly #underWay = new Set<WireCall>();
  /** Whether a call was ever begun; before that there is no connection. */
  #used = false;
  /** Whether the connection was ever made, or refused. */
  #settled = false;

  constructor(etcd3: Etcd3Module, host: string, options: ResolvedEtcdOptions, token: Token) {
    this.host = host;
    this.#client = new etcd3.Etcd3(clientOptions(host, options));
    this.#auth = options.auth;
    this.#login = new Login(token);
  }

  /** Rejects with what etcd3 rejects with, after `timeoutMs` at the latest, and at once where the member is left. */
  async request<T>(work: Work<T>, timeoutMs: number): Promise<T> {
    // Real time, whatever the injected clock says: grpc-js counts in it.
    const deadline = Date.now() + timeoutMs;
    const token = await this.#token(deadline);
    try {
      return await work(this.#client, this.#with({ token, deadline }));
    } catch (reason) {
      if (token === undefined || !isTokenRefused(reason)) throw reason;
      this.#login.refused(token);
      return await work(this.#client, this.#with({ token: await this.#token(deadline), deadline }));
    }
  }

  /** A stream that ends with an error where the member loses its leader, and where it is left. */
  async open<S extends IDuplexStream<never, unknown>>(work: Work<S>, timeoutMs: number): Promise<S> {
    const token = await this.#token(Date.now() + timeoutMs);
    return await work(this.#client, this.#with({ token, hasleader: "true" }));
  }

  /** Ends everything under way with UNAVAILABLE, and the connection. */
  leave(why: string): void {
    const calls = [...this.#underWay];
    this.#underWay.clear();
    for (const call of calls) call.cancelWithStatus(Code.UNAVAILABLE, why);
    if (this.#used && !this.#settled) void this.#lastWord().finally(() => this.#client.close());
    else this.#client.close();
  }

  /** A client that is closed before its socket is connected leaves that open for ever (grpc-js 1.14), so it is waited for. */
  async #lastWord(): Promise<void> {
    const options = this.#with({ deadline: Date.now() + lastWordMs });
    await this.#client.kv.range({ key: Buffer.of(0), limit: 1, count_only: true }, options).catch(() => {});
  }

  async #token(deadline: number): Promise<string | undefined> {
    if (this.#auth === undefined) return undefined;
    const { username: name, password } = this.#auth;
    return await this.#login.token(async () => {
      const { token } = await this.#client.auth.authenticate({ name, password }, this.#with({ deadline }));
      return token;
    });
  }

  /** etcd3 has options neither for metadata nor for the end of a call: both go by an interceptor. */
  #with(call: {
    readonly deadline?: number;
    readonly token?: string | undefined;
    /** etcd then refuses what a member without a leader would let wait, or let go quiet. */
    readonly hasleader?: "true";
  }): CallOptions {
    const { deadline, token, hasleader } = call;
    const intercept: Interceptor = (options, nextCall) => {
      const wire = nextCall(options) as WireCall;
      const start = wire.start.bind(wire);
      wire.start = (metadata, listener) => {
        if (token !== undefined) metadata.set("token", token);
        if (hasleader !== undefined) metadata.set("hasleader", hasleader);
        this.#used = true;
        this.#underWay.add(wire);
        start(metadata, {
          onReceiveMetadata: (header) => {
            this.#settled = true;
            listener?.onReceiveMetadata?.(header);
          },
          onReceiveMessage: (message) => listener?.onReceiveMessage?.(message),
          onReceiveStatus: (status) => {
            const isOwnEnd = !this.#underWay.delete(wire) || status.code === Code.DEADLINE_EXCEEDED;
            this.#settled ||= !isOwnEnd;
            const details = status.details.replace(...refusedToken);
            listener?.onReceiveStatus?.({ ...status, details });
          },
        });
      };
      return wire;
    };
    return { ...(deadline !== undefined && { deadline }), interceptors: [intercept] };
  }
}
