import type {
  LaunchedProcess,
  Launcher,
  ProcessEnd,
  ProcessListener,
  ProcessSpec,
} from "../../src/supervisor/supervisor.js";

/** A process that does what the test says, and nothing else but answer pings and end when it is asked to. */
export class FakeProcess implements LaunchedProcess {
  readonly name: string;
  readonly spec: ProcessSpec;
  readonly pid: number | undefined;
  readonly ended: Promise<ProcessEnd>;
  /** `SIGTERM`, `SIGKILL`. */
  readonly signals: string[] = [];
  readonly #listener: ProcessListener;
  readonly #onEnd: () => void;
  #resolve!: (end: ProcessEnd) => void;
  alive = true;
  /** Ends by itself when it is asked to. */
  obedient = true;
  frozen = false;
  /** What commands are answered with, by name. */
  answers: Readonly<Record<string, (payload: unknown) => object>> = {};

  constructor(spec: ProcessSpec, pid: number | undefined, listener: ProcessListener, onEnd: () => void) {
    this.name = spec.name;
    this.spec = spec;
    this.pid = pid;
    this.#listener = listener;
    this.#onEnd = onEnd;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (pid === undefined) this.#end({ code: null, signal: null, error: `cannot be started: no "${spec.command}"` });
  }

  say(message: object): void {
    this.#listener.message({ hawser: 1, ...message });
  }

  ready(): void {
    this.say({ type: "ready" });
  }

  step(text: string): void {
    this.say({ type: "step", text });
  }

  write(text: string): void {
    this.#listener.line("stdout", text);
  }

  exit(code: number): void {
    this.#end({ code, signal: null });
  }

  send(message: { type?: string; ping?: number; id?: number; name?: string; payload?: unknown }): void {
    if (!this.alive || this.frozen) return;
    if (message.type === "ping") this.say({ type: "pong", ping: message.ping });
    const answer = this.answers[message.name ?? ""];
    if (message.type === "command" && answer !== undefined) {
      this.say({ type: "answer", id: message.id, ...answer(message.payload) });
    }
  }

  terminate(): void {
    this.signals.push("SIGTERM");
    if (this.obedient && !this.frozen) this.exit(0);
  }

  kill(): void {
    this.signals.push("SIGKILL");
    this.#end({ code: null, signal: "SIGKILL" });
  }

  #end(end: ProcessEnd): void {
    if (!this.alive) return;
    this.alive = false;
    this.#onEnd();
    this.#resolve(end);
  }
}

/** Launches processes that exist in the test only, and keeps a diary: `+orders-1`, `-orders-1`. */
export class FakeLauncher implements Launcher {
  readonly processes: FakeProcess[] = [];
  readonly diary: string[] = [];
  opened = 0;
  closed = 0;
  /** Commands that are not there. */
  readonly missing: Set<string> = new Set();
  /** What a new process does by itself, once it runs. Default: it becomes ready. */
  onLaunch: (process: FakeProcess) => void = (process) => process.ready();

  async open(): Promise<void> {
    this.opened += 1;
  }

  launch(spec: ProcessSpec, listener: ProcessListener): FakeProcess {
    const pid = this.missing.has(spec.command) ? undefined : 1_000 + this.processes.length;
    const process = new FakeProcess(spec, pid, listener, () => pid !== undefined && this.diary.push(`-${spec.name}`));
    this.processes.push(process);
    if (pid === undefined) return process;
    this.diary.push(`+${spec.name}`);
    queueMicrotask(() => process.alive && this.onLaunch(process));
    return process;
  }

  /** The processes that run, in the order in which they started; of one name, where it is given. */
  alive(name?: string): readonly FakeProcess[] {
    return this.processes.filter((process) => process.alive && (name === undefined || process.name === name));
  }

  /** The one process of this name that runs. */
  one(name: string): FakeProcess {
    const [process, ...more] = this.alive(name);
    if (process === undefined || more.length > 0) throw new Error(`${more.length + (process ? 1 : 0)} of ${name} run`);
    return process;
  }

  async close(): Promise<void> {
    this.closed += 1;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
