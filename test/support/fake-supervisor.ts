import { SupervisionError } from "../../src/supervisor/supervision-error.js";
import type {
  ChildStatus,
  CrashReport,
  LogLine,
  Supervisor,
  SupervisorEvent,
} from "../../src/supervisor/supervisor.js";
import { Moment } from "./moment.js";

/** A process that runs well, with something changed. */
export function child(changed: Partial<ChildStatus> & { readonly name: string }): ChildStatus {
  return {
    group: changed.name.replace(/-\d+$/, ""),
    state: "ready",
    pid: 4242,
    restarts: 0,
    startedAt: Date.UTC(2020, 0, 1),
    step: undefined,
    lastExit: undefined,
    stats: undefined,
    ...changed,
  };
}

/** A line of a process, written at the start of 2020. */
export function line(name: string, text: string): LogLine {
  return { child: name, group: name.replace(/-\d+$/, ""), stream: "stdout", text, time: Date.UTC(2020, 0, 1) };
}

/** A supervisor without processes: a test says what there is, what happens, and when work is done. */
export class FakeSupervisor implements Supervisor {
  statuses: ChildStatus[];
  written: LogLine[] = [];
  /** What was asked for: `restart orders-1`, `scale orders 3`. */
  readonly asked: string[] = [];
  /** What work waits for, by what was asked. Default: it is done at once. */
  work: (asked: string) => Promise<void> = async () => {};
  readonly #ended = new Moment<CrashReport | undefined>();
  readonly #lineListeners = new Set<(line: LogLine) => void>();
  readonly #eventListeners = new Set<(event: SupervisorEvent) => void>();

  constructor(...statuses: ChildStatus[]) {
    this.statuses = statuses;
  }

  get ended(): Promise<CrashReport | undefined> {
    return this.#ended.promise;
  }

  /** How many listen to lines and events. */
  get listeners(): number {
    return this.#lineListeners.size + this.#eventListeners.size;
  }

  async start(): Promise<void> {}

  children(): readonly ChildStatus[] {
    return this.statuses;
  }

  lines(names?: readonly string[], limit = 1000): readonly LogLine[] {
    return this.written
      .filter(({ child, group }) => names === undefined || names.includes(child) || names.includes(group))
      .slice(-limit);
  }

  onLine(listener: (line: LogLine) => void): () => void {
    this.#lineListeners.add(listener);
    return () => this.#lineListeners.delete(listener);
  }

  onEvent(listener: (event: SupervisorEvent) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** A process writes a line. */
  say(name: string, text: string): void {
    const said = line(name, text);
    this.written.push(said);
    for (const listener of this.#lineListeners) listener(said);
  }

  /** Something happens to a process. */
  happen(name: string, type: SupervisorEvent["type"], text: string = type): void {
    for (const listener of this.#eventListeners) listener({ child: name, type, text });
  }

  restart(names: readonly string[] = []): Promise<void> {
    return this.#do("restart", ...names);
  }

  stop(names: readonly string[]): Promise<void> {
    return this.#do("stop", ...names);
  }

  scale(group: string, count: number): Promise<void> {
    return this.#do("scale", group, String(count));
  }

  ask(name: string, question: string): Promise<unknown> {
    return this.#do("ask", name, question);
  }

  async close(): Promise<void> {
    await this.#do("close");
    this.#ended.now(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #do(...words: readonly string[]): Promise<void> {
    const asked = words.join(" ");
    this.asked.push(asked);
    await this.work(asked);
  }
}

/** As a supervisor fails where a process does not become ready. */
export function startFailure(child: string, text: string): SupervisionError {
  return new SupervisionError(text, { child, restarts: 0, exit: { code: 1, signal: null, lastLines: [] }, text });
}
