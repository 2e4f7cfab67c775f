import type { Etcd3, IDuplexStream } from "etcd3";
import { Code } from "../../errors/errors.js";
import { type CallOptions, clientOptions, type Etcd3Module, type Interceptor, type WireCall } from "./etcd3.js";
import { isTokenRefused, refusedToken } from "./failures.js";
import type { ResolvedEtcdOptions } from "./options.js";
import type { Token } from "./token.js";

/** A call to etcd3, which must hand on the options. */
export type Work<T> = (client: Etcd3, options: CallOptions) => Promise<T>;

/**
 * One host of etcd, over one HTTP/2 connection of its own, which is made by the first request. It tries nothing twice,
 * except with a new token: where to go when it fails is for `EtcdConnection` to say.
 */
export class EtcdMember {
  readonly host: string;
  readonly #client: Etcd3;
  readonly #auth: ResolvedEtcdOptions["auth"];
  readonly #token: Token;
  readonly #underWay = new Set<WireCall>();

  constructor(etcd3: Etcd3Module, host: string, options: ResolvedEtcdOptions, token: Token) {
    this.host = host;
    this.#client = new etcd3.Etcd3(clientOptions(host, options));
    this.#auth = options.auth;
    this.#token = token;
  }

  /** Rejects with what etcd3 rejects with, after `timeoutMs` at the latest, and at once where the member is left. */
  async request<T>(work: Work<T>, timeoutMs: number): Promise<T> {
    // Real time, whatever the injected clock says: grpc-js counts in it.
    const deadline = Date.now() + timeoutMs;
    const login = this.#login(deadline);
    try {
      return await work(this.#client, this.#with({ token: await login, deadline }));
    } catch (reason) {
      if (login === undefined || !isTokenRefused(reason)) throw reason;
      this.#token.refused(login);
      return await work(this.#client, this.#with({ token: await this.#login(deadline), deadline }));
    }
  }

  /** A stream that ends with an error where the member loses its leader, and where it is left. */
  async open<S extends IDuplexStream<never, unknown>>(work: Work<S>, timeoutMs: number): Promise<S> {
    const token = await this.#login(Date.now() + timeoutMs);
    return await work(this.#client, this.#with({ token, hasleader: "true" }));
  }

  /** Ends everything under way with UNAVAILABLE, and the connection. */
  leave(why: string): void {
    for (const call of this.#underWay) call.cancelWithStatus(Code.UNAVAILABLE, why);
    this.#client.close();
  }

  #login(deadline: number): Promise<string> | undefined {
    if (this.#auth === undefined) return undefined;
    const { username: name, password } = this.#auth;
    return this.#token.get(async () => {
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
        this.#underWay.add(wire);
        start(metadata, {
          onReceiveMetadata: (header) => listener?.onReceiveMetadata?.(header),
          onReceiveMessage: (message) => listener?.onReceiveMessage?.(message),
          onReceiveStatus: (status) => {
            this.#underWay.delete(wire);
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
