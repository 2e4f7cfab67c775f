import type { Clock, Timer } from "../../time/time.js";
import { readChildMessage, type SupervisorMessage, tagged } from "../child-protocol.js";
import { seconds } from "../crash-report.js";
import type { LaunchedProcess, Launcher, ProcessEnd } from "../launcher/launcher.js";
import { defaultTimeoutMs, type ProcessSpec } from "../spec.js";
import type { ChildStats, Exit, LogLine } from "../status.js";
import { LogRing } from "./log-ring.js";
import { missesAllowed, PingWatch, pingEveryMs } from "./ping-watch.js";
import { Questions } from "./questions.js";

/** What a run needs, and what it reports to. */
export interface RunHost {
  readonly clock: Clock;
  readonly launcher: Launcher;
  line(stream: LogLine["stream"], text: string): void;
  frozen(reason: string): void;
  /**
   * It cannot be ready before the process that listens at this address has gone. Returns what resolves once the process it
   * replaces has; undefined where it replaces none.
   */
  makeRoom(address: string): Promise<void> | undefined;
}

/** How many lines an `Exit` holds. */
const tailLines = 15;

/** One process from its start to its end: asked whether it lives, ended where it is late or frozen. */
export class Run {
  readonly startedAt: number;
  /** True once it is ready; false where it ended first. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<Exit>;
  readonly #spec: ProcessSpec;
  readonly #host: RunHost;
  readonly #process: LaunchedProcess;
  readonly #watch: PingWatch;
  readonly #questions: Questions;
  readonly #tail = new LogRing<{ readonly text: string }>(tailLines);
  #resolveReady!: (ready: boolean) => void;
  #readyTimer: Timer | undefined;
  #killTimer: Timer | undefined;
  #reason: string | undefined;
  #hint: string | undefined;
  #readyAt: number | undefined;
  #stopped = false;
  #over = false;
  #step: string | undefined;
  #stats: ChildStats | undefined;

  constructor(spec: ProcessSpec, host: RunHost) {
    const { clock, launcher } = host;
    this.#spec = spec;
    this.#host = host;
    this.startedAt = clock.now();
    this.ready = new Promise((resolve) => {
      this.#resolveReady = resolve;
    });
    this.#process = launcher.launch(spec, {
      line: (stream, text) => this.#wrote(stream, text),
      message: (value) => this.#said(value),
    });
    const send = (message: object): void => this.#process.send(message);
    const ping = (number: number): void => send(tagged({ type: "ping", ping: number } satisfies SupervisorMessage));
    this.#watch = new PingWatch(clock, ping, () => this.#froze());
    this.#questions = new Questions(spec.name, clock, send);
    this.ended = this.#process.ended.then((end) => this.#finish(end));
    if (this.#process.pid === undefined) return;
    if (spec.protocol ?? true) this.#awaitReady();
    else this.#becomeReady();
  }

  get pid(): number | undefined {
    return this.#over ? undefined : this.#process.pid;
  }

  get over(): boolean {
    return this.#over;
  }

  /** The process was asked to stop, not because it was late. */
  get stopped(): boolean {
    return this.#stopped;
  }

  get readyAt(): number | undefined {
    return this.#readyAt;
  }

  get step(): string | undefined {
    return this.#step;
  }

  get stats(): ChildStats | undefined {
    return this.#stats;
  }

  /** What to do where the end says so by itself. */
  get hint(): string | undefined {
    return this.#hint;
  }

  /** SIGTERM, and SIGKILL to its group where that does not help in time. */
  stop(): Promise<Exit> {
    this.#stopped = true;
    this.#terminate();
    return this.ended;
  }

  ask(name: string, payload: unknown, timeoutMs: number): Promise<unknown> {
    return this.#questions.ask(name, payload, timeoutMs);
  }

  #awaitReady(): void {
    const { readyTimeoutMs = defaultTimeoutMs } = this.#spec;
    this.#readyTimer?.cancel();
    this.#readyTimer = this.#host.clock.timer(readyTimeoutMs, () => {
      const hung = this.#step === undefined ? "it told of no step" : `last step: ${this.#step}`;
      this.#reason = `did not become ready within ${seconds(readyTimeoutMs)} (${hung})`;
      this.#hint = "look at where it hung, or give it more time (readyTimeoutMs)";
      this.#terminate();
    });
  }

  /** While it waits for another process to go, its own time to become ready stands still; after that it has all of it. */
  async #waitForRoom(address: string): Promise<void> {
    const room = this.#host.makeRoom(address);
    if (room !== undefined) {
      this.#readyTimer?.cancel();
      await room;
      if (this.#readyAt === undefined && this.#killTimer === undefined && !this.#over) this.#awaitReady();
    }
    this.#process.send(tagged({ type: "go-on", alone: room !== undefined } satisfies SupervisorMessage));
  }

  #becomeReady(): void {
    if (this.#readyAt !== undefined || this.#killTimer !== undefined || this.#over) return;
    this.#readyTimer?.cancel();
    this.#readyAt = this.#host.clock.now();
    if (this.#spec.protocol ?? true) this.#watch.start();
    this.#resolveReady(true);
  }

  #froze(): void {
    this.#reason = `frozen: it answered none of ${missesAllowed} pings, ${seconds(pingEveryMs)} apart`;
    this.#hint = "its event loop stands still: look for work that never yields, or for whoever stopped it";
    this.#host.frozen(this.#reason);
    this.#process.kill();
  }

  #terminate(): void {
    if (this.#killTimer !== undefined || this.#over) return;
    this.#readyTimer?.cancel();
    this.#watch.stop();
    this.#process.terminate();
    const { stopTimeoutMs = defaultTimeoutMs } = this.#spec;
    this.#killTimer = this.#host.clock.timer(stopTimeoutMs, () => {
      this.#reason ??= `did not end within ${seconds(stopTimeoutMs)} of SIGTERM`;
      this.#process.kill();
    });
  }

  #wrote(stream: LogLine["stream"], text: string): void {
    this.#tail.push({ text });
    this.#host.line(stream, text);
  }

  #said(value: unknown): void {
    const message = readChildMessage(value);
    if (message === undefined || this.#over) return;
    if (message.type === "step") this.#step = message.text;
    else if (message.type === "blocked") void this.#waitForRoom(message.address);
    else if (message.type === "ready") this.#becomeReady();
    else if (message.type === "pong") this.#watch.pong(message.ping);
    else if (message.type === "stats") this.#stats = message.stats;
    else this.#questions.answered(message);
  }

  #finish({ code, signal, error }: ProcessEnd): Exit {
    this.#over = true;
    this.#readyTimer?.cancel();
    this.#killTimer?.cancel();
    this.#watch.stop();
    this.#questions.end();
    this.#resolveReady(false);
    const reason = error ?? this.#reason;
    const lastLines = this.#tail.list().map(({ text }) => text);
    return { code, signal, ...(reason !== undefined && { reason }), lastLines };
  }
}
