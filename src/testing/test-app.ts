import { setMaxListeners } from "node:events";
import { type Sections, valueSource } from "../config/config.js";
import type { Middleware } from "../contract/contract.js";
import type { App, EdgeMiddleware } from "../service/service.js";
import { keepContext } from "../telemetry/async-context.js";
import { SpanRecording } from "../telemetry/recording-tracer.js";
import { type Clock, systemClock } from "../time/time.js";
import type { Fakes, ServiceName } from "./app-types.js";
import { CallRecorder } from "./call-recorder.js";
import { ComposedTestApp } from "./composed-test-app.js";
import type { Edge, Fault, Trouble } from "./fault.js";
import { FaultBox } from "./fault-box.js";
import { checkFault, targetsOf } from "./fault-check.js";
import { partOf } from "./part.js";
import { type RecordedLog, recordingLogger } from "./recorded-log.js";
import type { TestApp } from "./running-test-app.js";
import { seededRandom } from "./seeded-random.js";
import { startInTime } from "./start-in-time.js";

export interface TestAppOptions<A extends App = App, C extends Clock = Clock> {
  /** Who is started; whatever these need must be among them, or replaced. Default: all. */
  readonly only?: readonly ServiceName<A>[];
  /**
   * Who is played by the test: a service of the app, or one outside of it that is needed. What is called and has no handler
   * here answers UNIMPLEMENTED. Default: nobody.
   */
  readonly replace?: Fakes<A>;
  /** Values for the services' `config`, and `shared` for all. Nothing else is read: no file, no environment. Default: none. */
  readonly config?: { readonly [Name in ServiceName<A> | "shared"]?: Sections[string] };
  /** For all that waits: deadlines, retries, `clock` of the services. Default: the machine's. */
  readonly clock?: C;
  /** What goes wrong from the start; see `inject()`. Default: nothing. */
  readonly faults?: readonly Fault<A>[];
  /** Draws for faults with a `probability`. Default: 1. */
  readonly seed?: number;
  /** How long what still runs may take when all is closed, in ms of real time. Default: 250. */
  readonly graceMs?: number;
  /**
   * How long a start may take, and an end beyond its grace, in ms of real time; then it is given up with an error that says
   * what it waits for. Default: 4000, which is less than the 5000 that test runners give a test.
   */
  readonly timeoutMs?: number;
}

/**
 * Starts an app, or a part of it, in this process: the services as they are, calls as they are between services that share
 * a process, and everything in sight.
 *
 * @throws Error where it cannot start, or does not in `timeoutMs`: nothing is left of it then
 * @example
 * await using shop = await testApp(app, {
 *   only: ["orders"],
 *   replace: { inventory: { reserve: () => ({ shelf: "A3" }) } },
 * });
 * await shop.client("orders").placeOrder({ sku: "teapot" });
 * expect(shop.callsTo("inventory", "reserve")).toHaveLength(1);
 */
export async function testApp<A extends App, C extends Clock = Clock>(
  app: A,
  options: TestAppOptions<A, C> = {},
): Promise<TestApp<A, C>> {
  if (app?.kind !== "hawser.app") throw new TypeError("testApp: expected what defineApp() gave");
  const { only, replace = {}, config = {}, seed = 1, graceMs = 250, timeoutMs = 4_000 } = options;
  if (!(graceMs >= 0)) throw new RangeError(`graceMs: must be 0 or more, was ${graceMs}`);
  if (!(timeoutMs > 0)) throw new RangeError(`timeoutMs: must be above 0, was ${timeoutMs}`);
  const clock: Clock = options.clock ?? systemClock;
  const faults = new FaultBox(clock, seededRandom(seed));
  const recorder = new CallRecorder(clock, faults.between);
  const spans = new SpanRecording(clock);
  const logs: RecordedLog[] = [];
  const callsEnd = new AbortController();
  setMaxListeners(0, callsEnd.signal);
  const { app: part, isFake } = partOf(app, { only, replace, middleware: recorder.handling });

  const targets = targetsOf(part);
  for (const fault of (options.faults ?? []) as readonly (Edge & Trouble)[]) {
    checkFault(fault, targets);
    faults.inject(fault);
  }
  const edge = (from: string, to: string): EdgeMiddleware =>
    from === ""
      ? { middleware: [until(callsEnd.signal)], attemptMiddleware: [recorder.leaving("test", to)] }
      : { attemptMiddleware: [recorder.leaving(from, to)] };
  const release = keepContext();
  try {
    const running = await startInTime(part, {
      config: [valueSource("testApp", sectionsHere(config, app, part))],
      clock,
      graceMs,
      timeoutMs,
      drainMs: 0,
      teardownMs: Number.POSITIVE_INFINITY, // by the app's clock; here `timeoutMs` of real time is the limit
      middleware: () => [recorder.arriving],
      edge,
      logger: (service) => recordingLogger(service, clock, (line) => logs.push(line)),
      telemetry: ({ name }) => spans.telemetry(name),
    });
    const recorded = { recorder, faults, targets, spans, logs, isFake };
    const composed = new ComposedTestApp({ running, clock, ...recorded, graceMs, timeoutMs, callsEnd, release });
    return composed as unknown as TestApp<A, C>; // whose names and contracts were checked by their types
  } catch (error) {
    release();
    throw error;
  }
}

/** Without those of services that are left out: one object may serve many tests. */
function sectionsHere(config: Sections, whole: App, part: App): Sections {
  const here = new Set(part.services.map(({ name }) => name));
  const left = new Set(whole.services.map(({ name }) => name).filter((name) => !here.has(name)));
  return Object.fromEntries(Object.entries(config).filter(([name, values]) => values !== undefined && !left.has(name)));
}

/** Ends a call when the signal aborts. */
function until(over: AbortSignal): Middleware {
  return (next) => (call) =>
    next(call.with({ signal: call.signal === undefined ? over : AbortSignal.any([call.signal, over]) }));
}
