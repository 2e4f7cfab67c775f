import { describeExit, failureOf, seconds } from "../crash-report.js";
import { LogRing } from "../process/log-ring.js";
import { Run } from "../process/run.js";
import { RestartDelay } from "../restart-delay.js";
import { doNotRestart, type ProcessSpec } from "../spec.js";
import type { ChildState, ChildStatus, CrashReport, Exit, LogLine, SupervisorEvent } from "../status.js";
import type { TreeContext } from "./context.js";
import type { Member } from "./member.js";

/** How many lines are kept of each child. */
const keptLines = 1_000;

/**
 * One name in the tree and its process; for a while two processes, where one replaces the other. Starts, stops and replaces
 * when it is told to. Whether a process that failed is started again, its group decides.
 */
export class Child implements Member {
  readonly spec: ProcessSpec;
  readonly #group: string;
  readonly #context: TreeContext;
  readonly #failed: (report: CrashReport) => void;
  readonly #delay: RestartDelay;
  readonly #lines = new LogRing<LogLine>(keptLines);
  #state: ChildState = "waiting";
  #idle: "stopped" | "finished" | undefined;
  /** The process that the status tells of. */
  #run: Run | undefined;
  /** The process that is to replace `#run`: once it is ready, or needs the address of the old process, or that has ended. */
  #next: Run | undefined;
  /** A process that became `#run` before it was ready. If it ends, the child has failed: no other process bears its name. */
  #promoted: Run | undefined;
  /** Processes that were replaced and have not ended yet. */
  readonly #draining = new Set<Run>();
  #stopping: Promise<void> | undefined;
  /** How often the child was told to stop: a `start()` that had to wait gives way to a later `stop()`. */
  #stops = 0;
  #timesReady = 0;
  #restarts = 0;
  #wellMs = 0;
  #lastExit: Exit | undefined;
  #failure: CrashReport | undefined;

  /** @param failed called when the process has ended by itself after it was ready, or after the one it replaces has gone */
  constructor(spec: ProcessSpec, group: string, context: TreeContext, failed: (report: CrashReport) => void) {
    this.spec = spec;
    this.#group = group;
    this.#context = context;
    this.#failed = failed;
    this.#delay = new RestartDelay(context.random);
  }

  get name(): string {
    return this.spec.name;
  }

  get up(): boolean {
    return this.#state === "ready";
  }

  get idle(): boolean {
    return this.#idle !== undefined;
  }

  /** The process has ended by itself and is not started again; it was not stopped. */
  get finished(): boolean {
    return this.#idle === "finished";
  }

  /** How many processes of this name have become ready. */
  get timesReady(): number {
    return this.#timesReady;
  }

  /** Why the process has ended for good, where it ended badly. */
  get failure(): CrashReport | undefined {
    return this.finished ? this.#failure : undefined;
  }

  get status(): ChildStatus {
    return {
      name: this.name,
      group: this.#group,
      state: this.#state,
      pid: this.#run?.pid,
      restarts: this.#restarts,
      startedAt: this.#run?.startedAt,
      step: this.#run?.step,
      lastExit: this.#lastExit,
      stats: this.#run?.stats,
    };
  }

  get lines(): readonly LogLine[] {
    return this.#lines.list();
  }

  /** The process that answers; undefined where none runs. */
  get run(): Run | undefined {
    return this.#run;
  }

  async start(): Promise<CrashReport | undefined> {
    const stops = this.#stops;
    await this.#stopping;
    if (this.#stops !== stops || this.idle) return undefined;
    if (this.#run === undefined) {
      this.#enter("starting");
      this.#run = this.#launch("");
    }
    const run = this.#run;
    if (await run.ready) return undefined;
    const exit = await run.ended;
    return run.stopped ? undefined : this.#report(run, exit);
  }

  stop(): Promise<void> {
    this.#stops += 1;
    this.#stopping ??= this.#end().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /**
   * Starts a new process beside the old one, which is asked to stop once the new process is ready too. Resolves once the old
   * process has ended, or the child was stopped meanwhile, or with a report where the new process cannot be started: the old
   * one stays then. Where the new process says that it cannot listen beside the old one, that stops first; if the new process
   * fails after that, the group starts the child again.
   */
  async replace(): Promise<CrashReport | undefined> {
    const old = this.#run;
    if (old === undefined || !this.up) return this.start();
    const next = this.#launch(` beside ${old.pid}, which it replaces`);
    this.#next = next;
    if (await next.ready) {
      await old.stop();
      return undefined;
    }
    const exit = await next.ended;
    return next.stopped ? undefined : this.#report(next, exit);
  }

  /** The process is to be stopped on purpose, and stays stopped until `revive()`. */
  retire(): void {
    this.#idle = "stopped";
    const runs = this.#run !== undefined || this.#stopping !== undefined;
    this.#enter(runs ? this.#state : "stopped");
  }

  /** The child may be started again. */
  revive(): void {
    if (!this.idle) return;
    this.#idle = undefined;
    if (this.#state === "stopped") this.#enter("waiting");
  }

  startOver(): void {
    this.#delay.reset();
    if (this.finished) this.revive();
  }

  rest(state: "waiting" | "backing-off"): void {
    if (this.#run === undefined && this.#stopping === undefined && !this.idle) this.#enter(state);
  }

  returnsAfter({ code }: Exit): boolean {
    const { restart = "permanent" } = this.spec;
    if (code === doNotRestart || restart === "temporary") return false;
    return restart === "permanent" || code !== 0;
  }

  backOff(): number {
    this.#restarts += 1;
    const waitMs = this.#delay.next(this.#wellMs);
    this.#tell("restarting", `${this.name}: starts again in ${seconds(waitMs)} (restart ${this.#restarts})`);
    return waitMs;
  }

  finish(report: CrashReport): void {
    const { exit } = report;
    this.#failure = exit.code === 0 ? undefined : report;
    this.#idle = "finished";
    this.#enter("stopped");
    const type = exit.code === 0 ? "stopped" : "gave-up";
    this.#tell(type, `${this.name}: ${describeExit(exit)}, and is not started again`, exit);
  }

  #launch(how: string): Run {
    const run: Run = new Run(this.spec, {
      clock: this.#context.clock,
      launcher: this.#context.launcher,
      line: (stream, text) => this.#wrote(stream, text),
      makeRoom: (address) => this.#makeRoom(run, address),
      frozen: (reason) => this.#tell("frozen", `${this.name}: ${reason}`),
    });
    if (run.pid !== undefined) this.#tell("started", `${this.name}: started as process ${run.pid}${how}`);
    void run.ready.then((ready) => ready && this.#becameReady(run));
    void run.ended.then((exit) => this.#ended(run, exit));
    return run;
  }

  /** The old process stops first; one that drains already is waited for too. Undefined where there is none. */
  #makeRoom(run: Run, address: string): Promise<void> | undefined {
    if (run.stopped || this.#draining.has(run)) return undefined;
    const old = this.#run;
    if (old !== undefined && run === this.#next) {
      this.#tell("stopping", `${this.name}: ${old.pid} is asked to stop first: ${address} can be taken but once`);
      this.#draining.add(old);
      this.#run = this.#promoted = run;
      this.#next = undefined;
      this.#enter("starting");
    }
    if (this.#draining.size === 0) return undefined;
    return Promise.all([...this.#draining].map((each) => each.stop())).then(() => {});
  }

  #becameReady(run: Run): void {
    if (run.stopped || run.over) return;
    if (run === this.#next) {
      const old = this.#run as Run;
      this.#draining.add(old);
      this.#run = run;
      this.#next = undefined;
    }
    this.#timesReady += 1;
    this.#enter("ready");
    this.#tell("ready", `${this.name}: ready after ${seconds(this.#context.clock.now() - run.startedAt)}`);
  }

  #ended(run: Run, exit: Exit): void {
    this.#lastExit = exit;
    this.#tell("exited", `${this.name}: ${describeExit(exit)}`, exit);
    if (run === this.#next) this.#next = undefined;
    if (this.#draining.delete(run) || run !== this.#run) return;
    this.#run = undefined;
    if (run.stopped) return;
    this.#wellMs = run.readyAt === undefined ? 0 : this.#context.clock.now() - run.readyAt;
    if (this.#next !== undefined) {
      this.#run = this.#promoted = this.#next;
      this.#next = undefined;
      this.#enter("starting");
      return;
    }
    this.#enter("stopped");
    if (run.readyAt !== undefined || run === this.#promoted) this.#failed(this.#report(run, exit));
  }

  async #end(): Promise<void> {
    const runs = [this.#run, this.#next, ...this.#draining].filter((run) => run !== undefined);
    if (runs.length > 0) {
      this.#enter("stopping");
      this.#tell("stopping", `${this.name}: asked to stop`);
      await Promise.all(runs.map((run) => run.stop()));
      this.#tell("stopped", `${this.name}: stopped`);
    }
    this.#enter("stopped");
  }

  #report(run: Run, exit: Exit): CrashReport {
    const early = run.readyAt === undefined && exit.reason === undefined;
    const step = run.step === undefined ? "" : ` (last step: ${run.step})`;
    const when = early ? ` before it was ready${step}` : "";
    return failureOf(this.name, this.#restarts, exit, when, run.hint);
  }

  #wrote(stream: LogLine["stream"], text: string): void {
    const line = { child: this.name, group: this.#group, stream, text, time: this.#context.clock.now() };
    this.#lines.push(line);
    this.#context.line(line);
  }

  #enter(state: ChildState): void {
    this.#state = state;
    this.#context.changes.changed();
  }

  #tell(type: SupervisorEvent["type"], text: string, exit?: Exit): void {
    this.#context.event({ child: this.name, type, text, ...(exit !== undefined && { exit }) });
  }
}
