import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GroupSpec, ProcessSpec, Strategy } from "../../../src/supervisor/supervisor.js";
import type { FakeProcess } from "../fake-launcher.js";
import { type Supervised, supervised } from "../supervised.js";

const strategies: readonly Strategy[] = ["one_for_one", "one_for_all", "rest_for_one"];

/** `db` and `mail`, then a group of two like processes, one after the other, then one that comes after all. */
function shop(
  [root, inner]: readonly [Strategy, Strategy],
  stopTimeoutMs: number,
): Partial<GroupSpec> & Pick<GroupSpec, "children"> {
  const process = (name: string, after?: readonly string[]): ProcessSpec => ({
    ...{ name, command: "node", args: [], ...(after && { after }) },
    ...{ readyTimeoutMs: 3_000, stopTimeoutMs },
  });
  return {
    strategy: root,
    children: [
      process("db", []),
      process("mail", []),
      {
        ...{ name: "orders", after: ["db"], strategy: inner, intensity: { restarts: 1, withinMs: 30_000 } },
        children: [process("orders-1"), process("orders-2")],
      },
      process("front", ["orders", "mail"]),
    ],
  };
}

const names = ["db", "mail", "orders-1", "orders-2", "front"];
const groups = [...names, "orders", "shop"];
/** With those that scaling may add. */
const everyName = ["db", "mail", "orders-1", "orders-2", "orders-3", "orders-4", "front"];
const anyName = fc.constantFrom(...names);

/** One thing that happens; `which` picks one of the processes of that name that live. */
type Step =
  | { readonly type: "exit"; readonly name: string; readonly which: number; readonly code: number }
  | { readonly type: "kill" | "ready" | "blocked" | "freeze" | "deaf"; readonly name: string; readonly which: number }
  | { readonly type: "restart" | "stop"; readonly name: string }
  | { readonly type: "scale"; readonly count: number }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "eager"; readonly eager: boolean };

const which = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("exit" as const), name: anyName, which, code: fc.constantFrom(0, 1, 78) }),
  fc.record({
    type: fc.constantFrom(...(["kill", "ready", "blocked", "freeze", "deaf"] as const)),
    name: anyName,
    which,
  }),
  fc.record({ type: fc.constantFrom("restart" as const, "stop" as const), name: fc.constantFrom(...groups) }),
  fc.record({ type: fc.constant("scale" as const), count: fc.nat(4) }),
  fc.record({ type: fc.constant("pass" as const), ms: fc.constantFrom(0, 100, 1_000, 6_000, 40_000) }),
  fc.record({ type: fc.constant("eager" as const), eager: fc.boolean() }),
);

/** Looks at every launch and every end; throws at the first that may not be. */
class Referee {
  readonly #test: Supervised;
  /** How many rolling restarts of each name are under way: while there are any, two may live at once. */
  readonly #replaced = new Map<string, number>();
  readonly #restarts: number[] = [];
  #ordered = true;
  readonly wrong: string[] = [];

  constructor(test: Supervised) {
    this.#test = test;
    test.supervisor.onEvent(({ type, child }) => {
      if (type === "restarting" && !child.startsWith("orders-")) this.#restarted();
    });
  }

  replacing(name: string, by: 1 | -1): void {
    this.#replaced.set(name, (this.#replaced.get(name) ?? 0) + by);
  }

  /** From now on some are not waited for, and nothing outside tells which. */
  stopping(): void {
    this.#ordered = false;
  }

  launched(process: FakeProcess): void {
    const { launcher, supervisor } = this.#test;
    const others = launcher.alive(process.name).filter((other) => other !== process);
    const draining = others.filter(({ signals }) => signals.includes("SIGTERM"));
    if (others.length > 0 && !this.#replaced.get(process.name)) this.wrong.push(`two of ${process.name}`);
    if (others.length - draining.length > 1) this.wrong.push(`three of ${process.name}`);
    if (others.length > 0 || !this.#ordered) return; // it replaces one that has started in order
    for (const { name, state } of supervisor.children()) {
      const first = name === "mail" ? process.name === "front" : isLower(name, process.name);
      if (first && !["ready", "stopping", "stopped"].includes(state)) this.wrong.push(`${process.name} before ${name}`);
    }
  }

  #restarted(): void {
    const nowMs = this.#test.clock.now();
    this.#restarts.push(nowMs);
    const recent = this.#restarts.filter((time) => nowMs - time < 30_000);
    if (recent.length > 5) this.wrong.push(`${recent.length} restarts within 30 s`);
  }
}

function strike(process: FakeProcess | undefined, step: Step & { readonly which: number }): void {
  if (process === undefined) return;
  if (step.type === "exit") process.exit(step.code);
  else if (step.type === "kill") process.kill();
  else if (step.type === "ready") process.ready();
  else if (step.type === "blocked") process.say({ type: "blocked", address: "http://127.0.0.1:8080" });
  else if (step.type === "freeze") process.frozen = true;
  else process.obedient = false;
}

/** `orders-1` is lower than `orders-2`. */
function isLower(name: string, than: string): boolean {
  return name.startsWith("orders-") && than.startsWith("orders-") && name < than;
}

async function play(
  spec: Partial<GroupSpec> & Pick<GroupSpec, "children">,
  steps: readonly Step[],
): Promise<readonly string[]> {
  const test = supervised(spec);
  const { supervisor, launcher, clock } = test;
  const referee = new Referee(test);
  let eager = true;
  launcher.onLaunch = (process) => {
    referee.launched(process);
    if (eager) process.ready();
  };
  const asked: Promise<unknown>[] = [supervisor.start()];
  const settle = (work: Promise<unknown>): void => void asked.push(work.catch(() => {}));
  asked[0]?.catch(() => {});

  for (const each of steps) {
    if (each.type === "pass") await clock.run(each.ms);
    else if (each.type === "eager") eager = each.eager;
    else if (each.type === "scale") settle(supervisor.scale("orders", each.count));
    else if ("which" in each) strike(launcher.alive(each.name)[each.which], each);
    else if (each.type === "stop") {
      referee.stopping();
      settle(supervisor.stop([each.name]));
    } else {
      const replaced = { shop: everyName, orders: everyName.slice(2, -1) }[each.name] ?? [each.name];
      for (const name of replaced) referee.replacing(name, 1);
      const through = (): void => {
        for (const name of replaced) referee.replacing(name, -1);
      };
      settle(supervisor.restart([each.name]).then(through, through));
    }
    await clock.run(0);
  }

  eager = true;
  await clock.run(300_000); // long enough for every wait
  const well = (name: string, state: string): boolean => launcher.alive(name).length === (state === "ready" ? 1 : 0);
  const ill = supervisor
    .children()
    .filter(({ name, state }) => !["ready", "stopped"].includes(state) || !well(name, state));
  const stuck = ill.map(({ name, state }) => `${name} is ${state} in the end`);

  const closed = supervisor.close();
  await clock.run(60_000);
  await closed;
  await Promise.allSettled(asked);
  await supervisor.ended;
  const left = launcher.alive().map(({ name }) => `${name} lives after the close`);
  const timers = clock.pending > 0 ? [`${clock.pending} timers are left`] : [];
  return [...referee.wrong, ...stuck, ...left, ...timers];
}

describe("whatever happens, in whatever order,", () => {
  const tree = fc.tuple(fc.constantFrom(...strategies), fc.constantFrom(...strategies));
  const stopTimeoutMs = fc.constantFrom(2_000, 10_000); // less than a process may take to be ready, and more

  it("names stay single, starts keep their order, restarts their limit, all come back, and nothing is left", async () => {
    await fc.assert(
      fc.asyncProperty(tree, stopTimeoutMs, fc.array(step, { maxLength: 40 }), async (strategy, stopMs, steps) => {
        expect(await play(shop(strategy, stopMs), steps)).toEqual([]);
      }),
      { numRuns: 300, ...(process.env["SEED"] !== undefined && { seed: Number(process.env["SEED"]) }) },
    );
  });
});
