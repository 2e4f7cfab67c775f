import type { ClientBaseOptions } from "../client/client.js";
import type { Closeable } from "../contract/contract.js";
import type { App, RunningApp } from "../service/service.js";
import type { RecordedSpan } from "../telemetry/recorded-span.js";
import type { Clock } from "../time/time.js";
import type {
  ClientOf,
  ContractName,
  ContractOf,
  ManyName,
  MethodName,
  RequestTo,
  ResponseFrom,
  SingleName,
  TargetName,
} from "./app-types.js";
import type { RecordedCall } from "./call-record.js";
import type { Fault, InjectedFault } from "./fault.js";
import type { Finding } from "./finding.js";
import type { RecordedLog } from "./recorded-log.js";

/** What a test's client may choose. */
export type TestClientOptions = Omit<ClientBaseOptions, "transport" | "clock">;

/**
 * An app, or a part of it, in the hands of a test.
 *
 * @example const buy = (shop: TestApp<typeof app>) => shop.client("storefront").buy({ cartId: "cart-1" });
 */
export interface TestApp<A extends App = App, C extends Clock = Clock> extends Closeable {
  /** As it was given, or the machine's. */
  readonly clock: C;
  /** For what a test does seldom: stop a service, move a need, look at the instances. */
  readonly running: RunningApp;
  /**
   * A client from outside: a caller like any other, called `test`. Its calls end with the app.
   *
   * @throws RangeError for a service that neither runs nor is replaced: `only` has left it out
   */
  client<Name extends SingleName<A>>(service: Name, options?: TestClientOptions): ClientOf<ContractOf<A, Name>>;
  /** The same of a service with several contracts. */
  client<Name extends ManyName<A>, Key extends ContractName<A, Name>>(
    service: Name,
    contract: Key,
    options?: TestClientOptions,
  ): ClientOf<ContractOf<A, Name>[Key & keyof ContractOf<A, Name>]>;
  /**
   * Every attempt to call somebody, in the order in which they began. As `spans` and `logs`, those there are when it is
   * asked for; a record is written on while its call is under way.
   */
  readonly calls: readonly RecordedCall[];
  /** Those to one service, or of one method of it. @throws RangeError for names nobody here has */
  callsTo<Name extends TargetName<A>>(service: Name): readonly RecordedCall[];
  callsTo<Name extends TargetName<A>, Key extends MethodName<A, Name> & string>(
    service: Name,
    method: Key,
  ): readonly RecordedCall<RequestTo<A, Name, Key>, ResponseFrom<A, Name, Key>>[];
  /** The calls as a text, each below the one whose handler made it. */
  callTree(): string;
  /** Something goes wrong from now on. @throws TypeError or RangeError for what cannot be, or could never happen */
  inject(fault: Fault<A>): InjectedFault;
  /** What repeated calls have brought to light: handlers that were run twice for one call and should not have been. */
  readonly report: readonly Finding[];
  /** Of every call between services, in the order in which they began. */
  readonly spans: readonly RecordedSpan[];
  /** What the services have logged, whatever the level. */
  readonly logs: readonly RecordedLog[];
  /** Forgets calls, findings, spans and logs; what is injected stays. */
  clear(): void;
  /** Who runs, fakes among them: also those of what is outside of the app. */
  readonly services: readonly TargetName<A>[];
  /** Stops all. What still runs may end in its time (`graceMs`), and is cut off then. */
  close(): Promise<void>;
}
