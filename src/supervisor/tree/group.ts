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
 * Keeps its members up: starts them in order, brings back those that fail, as its strategy says, and gives up where that
 * happens too often. Its own failure is its parent's to judge, as a child's is its own.
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
  /** Those that were up while the group started: whoever of the others fails makes the start fail. */
  readonly #proven = new Set<Member>();
  #ending: Promise<void> | undefined;
  /** How often it was told to stop: who waited to start it looks whether that has changed. */
  #stops = 0;
  /** Why it gave up, until somebody stops or starts it. */
  #report: CrashReport | undefined;
  #upSince = 0;
  #wellMs = 0;

  /** @param failed called when it has given up after it was up; nothing of it runs then */
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

  /** It is up or on its way there: its members can be started. */
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

  /** All processes of it and of the groups in it, in start order. */
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

  /** Starts one that does not run, at once: whatever was about to start it leaves it alone. */
  async bring(member: Child | Group): Promise<CrashReport | undefined> {
    this.#release(member);
    const report = await this.#startInTurn(member, () => this.running);
    if (report !== undefined) this.#memberFailed(member, report);
    this.#lookWhetherUp();
    return report;
  }

  /** Ends some of its processes for as long as nobody wants them back. */
  async hold(children: ReadonlySet<Child>): Promise<void> {
    const held = this.members.filter((member) => member instanceof Group || children.has(member));
    for (const member of held) if (member instanceof Child) this.#retire(member);
    this.#lookWhetherUp();
    await this.#members.stop(held, (member) => {
      if (member instanceof Group) return member.hold(children);
      return member.idle ? member.stop() : undefined;
    });
  }

  /** Starts processes of its own that are stopped, and new ones. Where one cannot be started all of them end, and the new ones are forgotten. */
  async grow(stopped: readonly Child[], specs: readonly ProcessSpec[]): Promise<CrashReport | undefined> {
    await this.#context.changes.until(() => this.#phase !== "starting");
    this.#members.arrange([...this.#members.specs, ...specs]);
    for (const child of stopped) child.revive();
    if (!this.up) return undefined; // they start with the others
    const added = this.members.filter(({ name }) => specs.some((spec) => spec.name === name)) as Child[];
    let report: CrashReport | undefined;
    const start = async (member: Member): Promise<void> => {
      const failure = await this.#startInTurn(member, () => this.up && report === undefined);
      report ??= failure;
      this.#context.changes.changed(); // who waits for this one waits in vain
    };
    await Promise.all([...stopped, ...added].map(start));
    if (report !== undefined) await Promise.all([this.remove(added), this.hold(new Set(stopped))]);
    return report;
  }

  /** Stops and forgets processes that none of those that stay is said to come after. */
  async remove(removed: readonly Child[]): Promise<void> {
    const staying = ({ name }: ProcessSpec | GroupSpec): boolean => !removed.some((member) => member.name === name);
    for (const child of removed) this.#retire(child);
    await this.#members.stop(removed);
    this.#members.arrange(this.#members.specs.filter(staying));
    this.#lookWhetherUp();
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
    this.#lookWhetherUp();
  }

  #end(): Promise<void> {
    this.#ending ??= this.#stopAll();
    return this.#ending;
  }

  async #stopAll(): Promise<void> {
    this.#rounds.end();
    this.#enter("ending");
    await this.#members.stop(this.members);
    this.#ending = undefined;
    this.#enter("down");
  }

  async #run(round: Round, running: readonly Member[], waitMs: number): Promise<void> {
    await this.#members.stop(running, (member) => (round.wants(member) ? member.stop() : undefined));
    await round.wait(this.#context.clock, waitMs);
    await Promise.all([...round.pending].map((member) => this.#startIn(round, member)));
  }

  async #startIn(round: Round, member: Member): Promise<void> {
    const report = await this.#startInTurn(member, () => round.wants(member));
    if (!round.wants(member)) return;
    round.drop(member);
    if (report !== undefined) this.#memberFailed(member, report);
    this.#lookWhetherUp();
  }

  /** Starts a member once those it comes after are up, or will not be. @param still whether it is still to be started then */
  async #startInTurn(member: Member, still: () => boolean): Promise<CrashReport | undefined> {
    if (!still()) return undefined;
    member.rest("waiting");
    const due = (): boolean => !still() || this.#members.mayStart(member);
    while (!due()) await this.#context.changes.until(due); // between what it waited for and now, that may be over again
    if (!still()) return undefined;
    const report = await member.start();
    if (member.up && this.#phase === "starting") this.#proven.add(member);
    return report;
  }

  #memberFailed(member: Member, report: CrashReport): void {
    if (!this.running || member.idle) return;
    if (this.#rounds.expect(member)) return; // it is started again anyway
    const { intensity = defaultIntensity } = this.spec;
    if (this.#phase === "starting" && !this.#proven.has(member)) this.#giveUp(report);
    else if (!member.returnsAfter(report.exit)) member.finish(report);
    else if (!this.#window.add()) this.#giveUp(gaveUp(this.name, intensity, report));
    else this.#restart(member);
  }

  /** One round at a time where siblings depend on each other: whoever was on the way up is so once more, from the start. */
  #restart(member: Member): void {
    const { strategy = "one_for_one" } = this.spec;
    const affected = new Set(affectedBy(member, this.members, strategy));
    if (strategy === "one_for_one") this.#release(member);
    else for (const pending of this.#rounds.end()) affected.add(pending);
    this.#context.changes.changed();
    const running = [...affected].filter((each) => each !== member);
    const waitMs = member.backOff();
    this.#rounds.begin(affected, (round) => this.#run(round, running, waitMs));
  }

  /** Nobody wants it any more: nothing starts it, and its end is no failure. */
  #retire(child: Child): void {
    this.#release(child);
    child.retire();
  }

  #release(member: Member): void {
    this.#rounds.drop(member);
    this.#context.changes.changed();
  }

  #lookWhetherUp(): void {
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
