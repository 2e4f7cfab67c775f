import type { Code, RpcError } from "../errors/errors.js";
import type { App } from "../service/service.js";
import type { MethodName, ServiceName, TargetName } from "./app-types.js";

/** What goes wrong with a call. Where nothing else is said, the call waits `delayMs` and goes on. */
export interface Trouble {
  /** The call waits first, by the app's clock; where its deadline is earlier, it ends there. */
  readonly delayMs?: number;
  /** The caller gets this, and the handler never sees the call. A code is an answer of the other side. */
  readonly error?: Code | RpcError;
  /**
   * `request`: the handler never sees the call, and the caller waits for an answer until its deadline. `response`: the
   * handler does its work, and the caller never hears of it; with `error` it gets that instead, as where a connection
   * breaks.
   */
  readonly drop?: "request" | "response";
  /**
   * The call is delivered twice, one after the other; the caller gets the first answer. Calls with a stream of requests
   * are left alone: it can be read once.
   */
  readonly duplicate?: true;
  /** Only with `error` or `drop: "response"`, for streams of responses: the trouble comes when so many have passed. */
  readonly afterMessages?: number;
  /** How many attempts it meets before it is over. Default: all. */
  readonly times?: number;
  /** The share of attempts it meets, above 0 and up to 1, drawn from the app's seed. Default: 1. */
  readonly probability?: number;
}

/** Between whom; whatever is left out is any. */
export interface Edge {
  /** `test` is the test itself. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** As in TypeScript: `placeOrder`. */
  readonly method?: string | undefined;
}

type TypedEdge<A extends App> =
  | { readonly from?: ServiceName<A> | "test"; readonly to?: never; readonly method?: never }
  | {
      [Name in TargetName<A>]: {
        readonly from?: ServiceName<A> | "test";
        readonly to: Name;
        readonly method?: MethodName<A, Name>;
      };
    }[TargetName<A>];

/** Trouble for every attempt that goes this way; `Fault<typeof app>` knows its names. */
export type Fault<A extends App = App> = TypedEdge<A> & Trouble;

/** A fault at work. */
export interface InjectedFault extends Disposable {
  /** How many attempts it has met. */
  readonly hits: number;
  /** Ends it. */
  remove(): void;
}
