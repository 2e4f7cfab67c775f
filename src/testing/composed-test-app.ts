import type { ServiceDefinition } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import { endsWithin } from "../service/ends-within.js";
import type { RunningApp } from "../service/service.js";
import type { RecordedSpan } from "../telemetry/recorded-span.js";
import type { SpanRecording } from "../telemetry/recording-tracer.js";
import { type Clock, systemClock } from "../time/time.js";
import type { CallRecord } from "./call-record.js";
import type { CallRecorder } from "./call-recorder.js";
import { callTree } from "./call-tree.js";
import type { Edge, InjectedFault, Trouble } from "./fault.js";
import type { FaultBox } from "./fault-box.js";
import { checkEdge, checkFault, type Targets } from "./fault-check.js";
import { type Finding, findingsIn } from "./finding.js";
import { endsInRealTime } from "./real-time.js";
import type { RecordedLog } from "./recorded-log.js";
import type { TestClientOptions } from "./running-test-app.js";

export interface TestAppParts {
  readonly running: RunningApp;
  readonly clock: Clock;
  readonly recorder: CallRecorder;
  readonly faults: FaultBox;
  readonly targets: Targets;
  readonly spans: SpanRecording;
  readonly logs: RecordedLog[];
  readonly isFake: (service: string) => boolean;
  readonly graceMs: number;
  readonly timeoutMs: number;
  /** Ends the calls that the test has made itself. */
  readonly callsEnd: AbortController;
  /** Last of all. */
  readonly release: () => void;
}

/** Everything a test sees of an app; typed by whoever gives it out. */
export class ComposedTestApp implements AsyncDisposable {
  readonly clock: Clock;
  readonly running: RunningApp;
  readonly #parts: TestAppParts;
  readonly #targets: Targets;
  #closing: Promise<void> | undefined;

  constructor(parts: TestAppParts) {
    this.#parts = parts;
    this.running = parts.running;
    this.clock = parts.clock;
    this.#targets = parts.targets;
  }

  get services(): readonly string[] {
    return this.running.services;
  }

  client(service: string, ...rest: readonly (string | TestClientOptions | undefined)[]): unknown {
    const key = typeof rest[0] === "string" ? rest[0] : "";
    const options = rest.find((each) => typeof each === "object");
    return this.running.client(this.#contract(service, key), service, options);
  }

  get calls(): readonly CallRecord[] {
    return this.#parts.recorder.records;
  }

  callsTo(to: string, method?: string): readonly CallRecord[] {
    checkEdge("callsTo", { to, method }, this.#targets);
    return this.calls.filter((call) => call.to === to && (method === undefined || call.method === method));
  }

  callTree(): string {
    return callTree(this.calls);
  }

  inject(fault: Edge & Trouble): InjectedFault {
    checkFault(fault, this.#targets);
    return this.#parts.faults.inject(fault);
  }

  get report(): readonly Finding[] {
    return findingsIn(this.#parts.recorder.logicalCalls, this.#parts.isFake);
  }

  get spans(): readonly RecordedSpan[] {
    return [...this.#parts.spans.spans];
  }

  get logs(): readonly RecordedLog[] {
    return [...this.#parts.logs];
  }

  clear(): void {
    this.#parts.recorder.clear();
    this.#parts.spans.clear();
    this.#parts.logs.length = 0;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Timed by the real clock, whatever the app's says: on one that stands still nothing would ever be over. */
  async #close(): Promise<void> {
    const { graceMs, timeoutMs, clock, release } = this.#parts;
    const closing = this.running.close();
    try {
      if (await endsWithin(graceMs, systemClock, closing)) return;
      this.#cutOff();
      if (await endsInRealTime(timeoutMs, clock, closing)) return;
      throw new Error(
        `${this.running.app.name} has not closed within ${timeoutMs} ms of real time after its grace ` +
          `(still here: ${this.services.join(", ") || "no service"}); which onStop, defer or use does not end?`,
      );
    } finally {
      this.#cutOff();
      release();
    }
  }

  #cutOff(): void {
    this.#parts.callsEnd.abort(new RpcError(Code.CANCELLED, "the app was closed"));
    this.#parts.faults.close();
  }

  #contract(service: string, key: string): ServiceDefinition {
    const spec = this.running.app.services.find(({ name }) => name === service);
    const contract = spec?.contracts.get(key);
    if (contract !== undefined) return contract;
    if (spec === undefined) {
      throw new RangeError(`client: nobody here is called "${service}" (there are: ${this.services.join(", ")})`);
    }
    const known = [...spec.contracts.keys()].filter((each) => each !== "").join(", ");
    const which = key === "" ? `which contract of ${service}?` : `${service} has no contract "${key}"`;
    throw new RangeError(`client: ${which} (there are: ${known || "none"})`);
  }
}
