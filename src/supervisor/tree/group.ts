import { gaveUp, seconds } from "../crash-report.js";
import { RestartDelay } from "../restart-delay.js";
import { defaultIntensity, type GroupSpec, isGroup, type ProcessSpec } from "../spec.js";
import type { CrashReport } from "../status.js";
import { Child } from "./child.js";
import type { TreeContext } from "./context.js";
import type { Member } from "./member.js";
import { Members } from "./members.js";
import { RestartWindow } from "./restart-window.js";
import { type Round, Rounds } from "./round.js";
import { affectedBy } from "./strategy.js";

type Phase = "down" | "starting" | "up" | "ending";

/**
 * Keeps its members (processes and groups) up: starts them in order, starts failed members again as its strategy says, and
 * gives up where members fail too often. Whether a group that gave up is started again, its parent decides.
 *
 * | phase    | start()           | stop()          | a member is up              | a member fails              |
 * | -------- | ----------------- | --------------- | --------------------------- | --------------------------- |
 * | down     | → starting        | → ending → down | –                           | ignored                     |
 * | starting | waits             | → ending → down | → up, if all are up or idle | new: gives up; else as "up" |
 * | up       | returns           | → ending → down | –                           | finish, restart or give up  |
 * | ending   | waits, → starting | waits           | –                           | ignored                     |
 *
 * A member is new until it has been up once since the start. Finish: the member has ended for good. Restart: the member, and
 * the siblings that the strategy names, are started in a new round. Give up: it was one failure too many, → ending → down;
 * the parent is told then, if the group was up. The failure of a member that is idle, or that a round starts later, is ignored.
 */
export class Group implements Member {
  readonly spec: GroupSpec;
  readonly #context: TreeContext;
  readonly #failed: (report: CrashReport) => void;
  readonly #members: Members<Child | Group>;
  readonly #window: RestartWindow;
  readonly #delay: RestartDelay;
  readonly #rounds = new Rounds();
  #phase: Phase = "down";
  /** The members that have been up since the start began. If any other member fails, the start has failed. */
  readonly #proven = new Set<Member>();
  #ending: Promise<void> | undefined;
  /** How often the group was told to stop: a `start()` that had to wait gives way to a later `stop()`. */
  #stops = 0;
  /** Why the group gave up, until it is stopped or started. */
  #report: CrashReport | undefined;
  #upSince = 0;
  #wellMs = 0;

  /** @param failed called when the group has given up after it was up; none of its processes runs then */
  constructor(spec: GroupSpec, context: TreeContext, failed: (report: CrashReport) => void) {
    this.spec = spec;
    this.#context = context;
    this.#failed = failed;
    this.#members = new Members((child) => this.#make(child));
    this.#window = new RestartWindow(spec.intensity ?? defaultIntensity, context.clock);
    this.#delay = new RestartDelay(context.random);
    this.#members.arrange(spec.children);
  }

  get name(): string {
    return this.spec.name;
  }

  get up(): boolean {
    return this.#phase === "up";
  }

  /** The group is up or starting: its members can be started. */
  get running(): boolean {
    return this.up || this.#phase === "starting";
  }

  get idle(): boolean {
    return false;
  }

  /** In start order. */
  get members(): readonly (Child | Group)[] {
    return this.#members.list;
  }

  /** The processes of this group and of the groups in it, in start order. */
  get children(): readonly Child[] {
    return this.members.flatMap((member) => (member instanceof Group ? member.children : [member]));
  }

  async start(): Promise<CrashReport | undefined> {
    this.#report = undefined;
    const stops = this.#stops;
    await this.#ending;
    if (this.#stops !== stops) return undefined;
    if (this.#phase === "down") this.#startAll();
    await this.#context.changes.until(() => this.#phase !== "starting");
    await this.#ending;
    return this.#report;
  }

  stop(): Promise<void> {
    this.#stops += 1;
    this.#report = undefined;
    return this.#end();
  }

  /** Starts a member that does not run, at once: no round that was to start it later does. */
  async startNow(member: Child | Group): Promise<CrashReport | undefined> {
    this.#release(member);
    const report = await this.#startInTurn(member, () => this.running);
    if (report !== undefined) this.#memberFailed(member, report);
    this.#upIfAllAre();
    return report;
  }

  /** Stops some of the group's processes, which stay stopped until they are revived. */
  async hold(children: ReadonlySet<Child>): Promise<void> {
    const affected = this.members.filter((member) => member instanceof Group || children.has(member));
    for (const member of affected) if (member instanceof Child) this.#retire(member);
    this.#upIfAllAre();
    await this.#members.stop(affected, (member) => {
      if (member instanceof Group) return member.hold(children);
      return member.idle ? member.stop() : undefined;
    });
  }

  /**
   * Starts stopped processes of the group, and new processes. Where one cannot be started all of them end, and the new ones
   * are forgotten.
   */
  async grow(stopped: readonly Child[], specs: readonly ProcessSpec[]): Promise<CrashReport | undefined> {
    await this.#context.changes.until(() => this.#phase !== "starting");
    this.#members.arrange([...this.#members.specs, ...specs]);
    for (const child of stopped) child.revive();
    if (!this.up) return undefined; // they start with the group
    const added = this.members.filter(({ name }) => specs.some((spec) => spec.name === name)) as Child[];
    let report: CrashReport | undefined;
    const start = async (member: Member): Promise<void> => {
      const failure = await this.#startInTurn(member, () => this.up && report === undefined);
      report ??= failure;
      this.#context.changes.changed(); // the processes that come after it wait in vain
    };
    await Promise.all([...stopped, ...added].map(start));
    if (report !== undefined) await Promise.all([this.remove(added), this.hold(new Set(stopped))]);
    return report;
  }

  /** Stops and forgets processes. No remaining member may name one of them in its `after`. */
  async remove(removed: readonly Child[]): Promise<void> {
    const staying = ({ name }: ProcessSpec | GroupSpec): boolean => !removed.some((member) => member.name === name);
    for (const child of removed) this.#retire(child);
    await this.#members.stop(removed);
    this.#members.arrange(this.#members.specs.filter(staying));
    this.#upIfAllAre();
  }

  rest(state: "waiting" | "backing-off"): void {
    for (const member of this.members) member.rest(state);
  }

  returnsAfter(): boolean {
    return true;
  }

  backOff(): number {
    const waitMs = this.#delay.next(this.#wellMs);
    this.#tell("restarting", `${this.name}: starts again in ${seconds(waitMs)}`);
    return waitMs;
  }

  finish(): void {}

  startOver(): void {
    this.#delay.reset();
  }

  #make(spec: ProcessSpec | GroupSpec): Child | Group {
    const failed = (report: CrashReport): void => this.#memberFailed(member, report);
    const member = isGroup(spec)
      ? new Group(spec, this.#context, failed)
      : new Child(spec, this.name, this.#context, failed);
    return member;
  }

  #startAll(): void {
    this.#enter("starting");
    this.#window.clear();
    this.#proven.clear();
    for (const member of this.members) member.startOver();
    this.#rounds.begin(this.members, (round) => this.#run(round, [], 0));
    this.#upIfAllAre();
  }

  #end(): Promise<void> {
    this.#ending ??= this.#stopAll();
    return this.#ending;
  }

  async #stopAll(): Promise<void> {
    this.#rounds.endAll();
    this.#enter("ending");
    await this.#members.stop(this.members);
    this.#ending = undefined;
    this.#enter("down");
  }

  /** Stops some members of a round, waits, and starts all of them. */
  async #run(round: Round, stopped: readonly Member[], waitMs: number): Promise<void> {
    await this.#members.stop(stopped, (member) => (round.has(member) ? member.stop() : undefined));
    await round.wait(this.#context.clock, waitMs);
    await Promise.all([...round.pending].map((member) => this.#startIn(round, member)));
  }

  async #startIn(round: Round, member: Member): Promise<void> {
    const report = await this.#startInTurn(member, () => round.has(member));
    if (!round.has(member)) return;
    round.release(member);
    if (report !== undefined) this.#memberFailed(member, report);
    this.#upIfAllAre();
  }

  /** Starts a member once the members it comes after are up or idle. @param still whether the member is to be started still */
  async #startInTurn(member: Member, still: () => boolean): Promise<CrashReport | undefined> {
    if (!still()) return undefined;
    member.rest("waiting");
    const due = (): boolean => !still() || this.#members.mayStart(member);
    while (!due()) await this.#context.changes.until(due); // a member that was up may have failed before this goes on
    if (!still()) return undefined;
    const report = await member.start();
    if (member.up && this.#phase === "starting") this.#proven.add(member);
    return report;
  }

  #memberFailed(member: Member, report: CrashReport): void {
    if (!this.running || member.idle) return;
    if (this.#rounds.willStart(member)) return;
    const { intensity = defaultIntensity } = this.spec;
    if (this.#phase === "starting" && !this.#proven.has(member)) this.#giveUp(report);
    else if (!member.returnsAfter(report.exit)) member.finish(report);
    else if (!this.#window.add()) this.#giveUp(gaveUp(this.name, intensity, report));
    else this.#restart(member);
  }

  /**
   * Begins a round for the failed member and the siblings that its strategy names. Where siblings are started with it, there
   * is one round at a time: the members of the rounds before, which are not up yet, join this one.
   */
  #restart(member: Member): void {
    const { strategy = "one_for_one" } = this.spec;
    const affected = new Set(affectedBy(member, this.members, strategy));
    if (strategy === "one_for_one") this.#release(member);
    else for (const pending of this.#rounds.endAll()) affected.add(pending);
    this.#context.changes.changed();
    const siblings = [...affected].filter((each) => each !== member);
    const waitMs = member.backOff();
    this.#rounds.begin(affected, (round) => this.#run(round, siblings, waitMs));
  }

  /** Marks a process as stopped on purpose: no round starts it, and its end is no failure. */
  #retire(child: Child): void {
    this.#release(child);
    child.retire();
  }

  #release(member: Member): void {
    this.#rounds.release(member);
    this.#context.changes.changed();
  }

  #upIfAllAre(): void {
    if (this.#phase !== "starting" || !this.members.every(({ up, idle }) => up || idle)) return;
    this.#upSince = this.#context.clock.now();
    this.#enter("up");
  }

  #giveUp(report: CrashReport): void {
    const wasUp = this.up;
    this.#wellMs = wasUp ? this.#context.clock.now() - this.#upSince : 0;
    this.#report = report;
    this.#tell("gave-up", report.text.split("\n", 1)[0] as string, report);
    void this.#end().then(() => {
      if (wasUp && this.#report === report) this.#failed(report);
    });
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#context.changes.changed();
  }

  #tell(type: "restarting" | "gave-up", text: string, report?: CrashReport): void {
    this.#context.event({ child: this.name, type, text, ...(report !== undefined && { exit: report.exit }) });
  }
}
