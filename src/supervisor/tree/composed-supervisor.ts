import type { Clock, Random } from "../../time/time.js";
import type { Launcher } from "../launcher/launcher.js";
import type { GroupSpec, ProcessSpec } from "../spec.js";
import type { ChildStatus, CrashReport, LogLine, SupervisorEvent } from "../status.js";
import { SupervisionError } from "../supervision-error.js";
import { Changes } from "./changes.js";
import type { Child } from "./child.js";
import type { TreeContext } from "./context.js";
import { Group } from "./group.js";
import { Listeners } from "./listeners.js";
import { Names } from "./names.js";
import { Scaling } from "./scaling.js";

export interface ComposedSupervisorOptions {
  readonly replica: (like: ProcessSpec, name: string) => ProcessSpec;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly random: Random;
}

/** The root group, what people ask of it, and the end of it all. Does what `Supervisor` of supervisor.ts promises. */
export class ComposedSupervisor {
  readonly ended: Promise<CrashReport | undefined>;
  readonly #root: Group;
  readonly #options: ComposedSupervisorOptions;
  readonly #changes = new Changes();
  readonly #onLine: Listeners<LogLine>;
  readonly #onEvent: Listeners<SupervisorEvent>;
  readonly #names: Names;
  readonly #scaling: Scaling;
  #resolveEnded!: (report: CrashReport | undefined) => void;
  #started: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** `restart` and `scale` are done one after the other, in the order of the calls. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(spec: GroupSpec, options: ComposedSupervisorOptions) {
    const { clock, random, launcher } = options;
    this.#options = options;
    this.#onLine = new Listeners(`the lines of ${spec.name}`);
    this.#onEvent = new Listeners(`the events of ${spec.name}`);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    const context: TreeContext = {
      clock,
      random,
      launcher,
      changes: this.#changes,
      line: (line) => this.#onLine.tell(line),
      event: (event) => queueMicrotask(() => this.#onEvent.tell(event)), // a listener may act on it at once
    };
    this.#root = new Group(spec, context, (report) => void this.#end(report));
    this.#names = new Names(this.#root);
    this.#scaling = new Scaling(this.#names, options.replica);
  }

  start(): Promise<void> {
    if (this.#started === undefined) {
      this.#started = this.#start();
      this.#queue = this.#started.catch(() => {});
    }
    return this.#started;
  }

  children(): readonly ChildStatus[] {
    return this.#root.children.map(({ status }) => status);
  }

  lines(names?: readonly string[], limit: number = Number.POSITIVE_INFINITY): readonly LogLine[] {
    const children = names === undefined ? this.#root.children : this.#names.named(names);
    const lines = children.flatMap((child) => child.lines).sort((a, b) => a.time - b.time);
    return lines.slice(Math.max(0, lines.length - limit));
  }

  onLine(listener: (line: LogLine) => void): () => void {
    return this.#onLine.add(listener);
  }

  onEvent(listener: (event: SupervisorEvent) => void): () => void {
    return this.#onEvent.add(listener);
  }

  restart(names?: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const children = names === undefined ? this.#root.children.filter(({ idle }) => !idle) : this.#names.named(names);
      for (const child of children) await this.#restart(child);
    });
  }

  async stop(names: readonly string[]): Promise<void> {
    const children = this.#names.named(names);
    if (this.#closing !== undefined) return this.#closing;
    await this.#root.hold(new Set(children));
  }

  scale(group: string, count: number): Promise<void> {
    return this.#inTurn(() => this.#scaling.scale(this.#names.group(group), count));
  }

  async ask(name: string, question: string, payload?: unknown, timeoutMs: number = 10_000): Promise<unknown> {
    const { run } = this.#names.child(name);
    if (run === undefined) throw new SupervisionError(`${name}: does not run, and cannot answer "${question}"`);
    return run.ask(question, payload, timeoutMs);
  }

  close(): Promise<void> {
    return this.#end(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    this.#refuseClosed();
    const failure = await this.#options.launcher.open().catch((reason: Error) => reason);
    this.#refuseClosed();
    if (failure instanceof Error) {
      await this.#end(undefined);
      throw new SupervisionError(`${this.#root.name}: cannot start: ${failure.message}`);
    }
    const report = await this.#root.start();
    if (report !== undefined) {
      await this.#end(report);
      throw new SupervisionError(report.text, report);
    }
    this.#refuseClosed();
    void this.#endWhenDone();
  }

  #end(report: CrashReport | undefined): Promise<void> {
    this.#closing ??= this.#stopAll().then(() => {
      this.#onLine.clear();
      this.#onEvent.clear();
      this.#resolveEnded(report);
    });
    return this.#closing;
  }

  async #stopAll(): Promise<void> {
    await this.#root.stop();
    await this.#options.launcher.close();
  }

  /** Once all processes have ended for good by themselves, there is nothing left to supervise. */
  async #endWhenDone(): Promise<void> {
    const done = (): boolean => {
      const { children } = this.#root;
      return children.length > 0 && children.every(({ finished }) => finished);
    };
    await this.#changes.until(() => this.#closing !== undefined || done());
    if (this.#closing === undefined) await this.#end(this.#root.children.find(({ failure }) => failure)?.failure);
  }

  async #restart(child: Child): Promise<void> {
    this.#refuseClosed();
    const before = child.timesReady;
    child.revive(); // once, here: a stop from now on has the last word
    const report = await this.#startAnew(child);
    if (report !== undefined) throw new SupervisionError(report.text, report);
    if (child.timesReady === before) throw new SupervisionError(`${child.name}: was stopped before it was ready again`);
  }

  /** A process whose groups are down is started with them. */
  async #startAnew(child: Child): Promise<CrashReport | undefined> {
    const groups = this.#names.groupsOf(child);
    for (const [index, group] of groups.slice(1).entries()) {
      if (group.running) continue;
      const report = await (groups[index] as Group).startNow(group);
      if (report !== undefined || child.up) return report;
    }
    await this.#changes.until(() => child.status.state !== "starting");
    return child.up ? child.replace() : groups.at(-1)?.startNow(child);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(() => {
      this.#refuseClosed();
      if (this.#started === undefined) throw new SupervisionError(`${this.#root.name}: has not been started`);
      return work();
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new SupervisionError(`${this.#root.name}: was closed`);
  }
}
