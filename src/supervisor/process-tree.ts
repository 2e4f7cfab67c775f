import type { Clock, Random } from "../time/time.js";
import { Changes } from "./changes.js";
import { checkSpec } from "./check-spec.js";
import type { Child } from "./child.js";
import { Group } from "./group.js";
import type { Launcher } from "./launcher.js";
import { numberOf, type Series, seriesOf } from "./scaling.js";
import type { GroupSpec, ProcessSpec } from "./spec.js";
import type { ChildStatus, CrashReport, LogLine, SupervisorEvent } from "./status.js";
import { SupervisionError } from "./supervision-error.js";
import type { Tree } from "./tree.js";

export interface ProcessTreeOptions {
  readonly another: (like: ProcessSpec, name: string) => ProcessSpec;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly random: Random;
}

/** The root group, what people ask of it, and the end of it all. Does what `Supervisor` of supervisor.ts promises. */
export class ProcessTree {
  readonly ended: Promise<CrashReport | undefined>;
  readonly #root: Group;
  readonly #options: ProcessTreeOptions;
  readonly #changes = new Changes();
  readonly #onLine = new Set<(line: LogLine) => void>();
  readonly #onEvent = new Set<(event: SupervisorEvent) => void>();
  readonly #series = new Map<string, Series>();
  #resolveEnded!: (report: CrashReport | undefined) => void;
  #started: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Whoever restarts or scales waits for those who asked before. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(spec: GroupSpec, options: ProcessTreeOptions) {
    const { clock, random, launcher } = options;
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    const tree: Tree = {
      clock,
      random,
      launcher,
      changes: this.#changes,
      line: (line) => {
        for (const listener of this.#onLine) listener(line);
      },
      event: (event) => queueMicrotask(() => this.#tell(event)), // whoever hears of it may act on it at once
    };
    this.#root = new Group(spec, tree, (report) => void this.#end(report));
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
    const children = names === undefined ? this.#root.children : this.#named(names);
    const lines = children.flatMap((child) => child.lines).sort((a, b) => a.time - b.time);
    return lines.slice(Math.max(0, lines.length - limit));
  }

  onLine(listener: (line: LogLine) => void): () => void {
    this.#onLine.add(listener);
    return () => this.#onLine.delete(listener);
  }

  onEvent(listener: (event: SupervisorEvent) => void): () => void {
    this.#onEvent.add(listener);
    return () => this.#onEvent.delete(listener);
  }

  restart(names?: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const children = names === undefined ? this.#root.children.filter(({ idle }) => !idle) : this.#named(names);
      for (const child of children) await this.#restart(child);
    });
  }

  async stop(names: readonly string[]): Promise<void> {
    const children = this.#named(names);
    if (this.#closing !== undefined) return this.#closing;
    await this.#root.hold(new Set(children));
  }

  scale(group: string, count: number): Promise<void> {
    return this.#inTurn(async () => {
      const found = this.#groups().find(({ name }) => name === group);
      if (found === undefined) throw this.#unknown(group, this.#groups());
      if (!Number.isSafeInteger(count) || count < 0) {
        throw new RangeError(`scale: the count for "${group}" is ${count}; it must be a whole number, 0 or more`);
      }
      await this.#scale(found, count);
    });
  }

  async ask(name: string, question: string, payload?: unknown, timeoutMs: number = 10_000): Promise<unknown> {
    const child = this.#root.children.find((each) => each.name === name);
    if (child === undefined) throw this.#unknown(name, this.#root.children);
    if (child.run === undefined) throw new SupervisionError(`${name}: does not run, and cannot answer "${question}"`);
    return child.run.ask(question, payload, timeoutMs);
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

  /** Where all have ended for good by themselves, there is nothing left to supervise. */
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
    child.revive(); // once, here: who stops it from now on has the last word
    const report = await this.#startAnew(child);
    if (report !== undefined) throw new SupervisionError(report.text, report);
    if (child.timesReady === before) throw new SupervisionError(`${child.name}: was stopped before it was ready again`);
  }

  /** One whose groups are down is started with them. */
  async #startAnew(child: Child): Promise<CrashReport | undefined> {
    const groups = this.#groupsOf(child);
    for (const [index, group] of groups.entries()) {
      const next = groups[index + 1] ?? child;
      if (next instanceof Group) {
        if (next.up) continue;
        const report = await group.bring(next);
        if (report !== undefined || child.up) return report;
        continue;
      }
      await this.#changes.until(() => next.status.state !== "starting");
      return next.up ? next.replace() : group.bring(next);
    }
    return undefined;
  }

  async #scale(group: Group, count: number): Promise<void> {
    const children = group.members as readonly Child[];
    if (children.length > 0) {
      this.#series.set(group.name, seriesOf({ ...group.spec, children: children.map(({ spec }) => spec) }));
    }
    const { prefix, like } = this.#series.get(group.name) ?? seriesOf(group.spec);
    const highestFirst = [...children].sort((a, b) => numberOf(b.name) - numberOf(a.name));
    if (count <= children.length) return group.remove(highestFirst.slice(0, children.length - count));

    const highest = highestFirst[0] === undefined ? 0 : numberOf(highestFirst[0].name);
    const added = Array.from({ length: count - children.length }, (_, index) =>
      this.#options.another(like, `${prefix}-${highest + 1 + index}`),
    );
    checkSpec({ name: group.name, children: [...children.map(({ spec }) => spec), ...added] });
    const taken = [...this.#root.children, ...this.#groups()].find(({ name }) =>
      added.some((spec) => spec.name === name),
    );
    if (taken !== undefined) throw new RangeError(`scale: "${taken.name}" is there already`);
    const report = await group.add(added);
    if (report !== undefined) throw new SupervisionError(report.text, report);
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

  #groups(): readonly Group[] {
    const within = (group: Group): readonly Group[] => [
      group,
      ...group.members.flatMap((member) => (member instanceof Group ? within(member) : [])),
    ];
    return within(this.#root);
  }

  /** From the root down to the one it stands in. */
  #groupsOf(child: Child): readonly Group[] {
    return this.#groups().filter(({ children }) => children.includes(child));
  }

  #named(names: readonly string[]): readonly Child[] {
    const { children } = this.#root;
    const named = new Set<Child>();
    for (const name of names) {
      const one = children.find((child) => child.name === name);
      const group = this.#groups().find((each) => each.name === name);
      if (one === undefined && group === undefined) throw this.#unknown(name, [...children, ...this.#groups()]);
      for (const child of group?.children ?? [one as Child]) named.add(child);
    }
    return children.filter((child) => named.has(child));
  }

  #unknown(name: string, known: readonly { readonly name: string }[]): RangeError {
    return new RangeError(
      `${this.#root.name}: nobody is named "${name}" (there are: ${known.map((each) => each.name).join(", ")})`,
    );
  }

  #tell(event: SupervisorEvent): void {
    for (const listener of this.#onEvent) listener(event);
  }
}
