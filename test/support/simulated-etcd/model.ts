import { type Logger, silentLogger } from "../../../src/contract/contract.js";
import { seededRandom } from "../../../src/testing/seeded-random.js";
import { type FaultContext, type FaultName, faults, makePeace, pick } from "./faults.js";
import { History } from "./history.js";
import { ModelRegistry } from "./model-registry.js";
import { SimulatedEtcd } from "./simulated-etcd.js";
import { Truth } from "./truth.js";
import { VirtualClock } from "./virtual-clock.js";

export interface ModelOutcome {
  readonly seed: number;
  /** Snapshots told. */
  readonly snapshots: number;
  readonly history: readonly string[];
  /** Promises that were not kept, as they were broken. */
  readonly broken: readonly string[];
}

const ttlMs = 10_000;
/** How long a registration may take once all is well again. */
const backMs = 3_000;
/** What the last lease nobody knows of takes to run out, and what is missing to be believed. */
const settledMs = 2 * ttlMs + 5_000;
/** Whatever no client can see is found by listing anew, every 5 min ± 20 %. */
const resyncMs = 6 * 60_000 + 5_000;

/** One night in the life of a few processes and their etcd: faults by chance, then peace, in which all must be well. */
export async function runModel(seed: number, options: { readonly log?: boolean } = {}): Promise<ModelOutcome> {
  const random = seededRandom(seed);
  const clock = new VirtualClock();
  const history = new History(clock);
  const broken: string[] = [];
  const breaks = (what: string) => {
    history.add("!!!!", what);
    broken.push(what);
  };
  const hastyProgress = random() < 0.2;
  const progressMs = random() < 0.5 ? 600_000 : 20_000;
  const etcd = new SimulatedEtcd({ clock, random, history, progressMs, hastyProgress });
  const auth = random() < 0.3;
  const registries: ModelRegistry[] = [];
  const lives = (id: string) => {
    const owner = registries.find(({ name }) => id.startsWith(name));
    const found = owner?.registered.find(({ instance }) => instance.id === id);
    const cameBack = owner?.link.impairedWithin(ttlMs + backMs) === false;
    return cameBack && found?.open === true && found.instance.state !== "draining";
  };
  const truth = new Truth({
    keys: { decode: (key, value) => registries[0]!.keys.decode(key, value) },
    cutOff: (owner) => registries.find(({ name }) => name === owner)!.link.impairedWithin(ttlMs + 15_000),
  });
  etcd.observers.add(truth);
  const hidden = () => clock.now() - Math.max(context.hiddenMs, etcd.hidMs) <= resyncMs;
  const services = ["s", "t", "u"].slice(0, 1 + Math.floor(3 * random()));
  const longestMs = random() < 0.05 ? 600_000 : 30_000;
  const context: FaultContext = {
    etcd,
    clock,
    random,
    registries,
    services,
    truth,
    longestMs,
    hiddenMs: Number.NEGATIVE_INFINITY,
    tokensMs: Number.NEGATIVE_INFINITY,
    expiries: 0,
    wipes: 0,
    compactions: 0,
  };
  for (const name of ["a", "b", "c", "d"].slice(0, 2 + Math.floor(3 * random()))) {
    const logger = options.log ? logInto(history, name) : silentLogger;
    registries.push(
      new ModelRegistry({
        name,
        etcd,
        clock,
        random,
        history,
        truth,
        auth,
        ttlMs,
        logger,
        hidden,
        lives,
        broken: breaks,
      }),
    );
  }
  await night(context, someFaults(random), longestMs);

  makePeace(context);
  history.add("    ", "peace");
  await clock.run(backMs);
  const well = () => registries.flatMap((registry) => registry.notRegistered());
  const late = well().filter((what) => !what.includes("closed"));
  for (const what of late) breaks(`${backMs} ms after all was well: ${what}`);
  await clock.run(settledMs);
  const wrong = () =>
    registries.flatMap((each) => [...each.notRegistered(), ...each.leasesHeld(), ...each.unsettled()]);
  if (wrong().length > 0 && (hidden() || hastyProgress || context.compactions > 0)) await clock.run(resyncMs);
  for (const what of wrong()) breaks(`in peace: ${what}`);
  const minutes = clock.now() / 60_000;
  for (const { name, client, begun } of registries) {
    // Whose new watch is refused for its token lists again, which renews it.
    const reasons = context.compactions + context.wipes + context.expiries + Math.ceil(minutes / 4);
    const emptied = services.reduce((sum, service) => sum + truth.emptied(service), 0);
    const due = begun + reasons * services.length + emptied;
    if (client.lists > due) breaks(`${name} listed ${client.lists} times for ${begun} watches, at most ${due} are due`);
  }

  const closing = Promise.all(registries.map((registry) => registry.close())).then(() => "closed");
  await clock.run(15_000);
  const snapshots = registries.reduce((sum, registry) => sum + registry.snapshots, 0);
  if ((await Promise.race([closing, "still closing"])) !== "closed") breaks("close() did not end");
  if (clock.pending > 0) breaks(`${clock.pending} timers are left`);
  if (etcd.connections > 0) breaks(`${etcd.connections} connections are left`);
  for (const { id, owner } of etcd.leases) breaks(`lease ${id} of ${owner} is left`);
  return { seed, snapshots, history: history.lines, broken };
}

/** Some kinds of faults, now and then all: what only happens where another fault does not is found too. */
function someFaults(random: () => number): readonly FaultName[] {
  const all = Object.keys(faults) as FaultName[];
  const share = random();
  return share > 0.9 ? all : all.filter(() => random() < share);
}

/** What people and processes do, with faults between. */
async function night(context: FaultContext, kinds: readonly FaultName[], longestMs: number): Promise<void> {
  const { clock, random, registries, services } = context;
  const untilMs = clock.now() + (longestMs > 30_000 ? longestMs : 20_000 + 60_000 * random());
  const pauseMs = longestMs > 30_000 ? 60_000 : 200 + 4_000 * random();
  for (const registry of registries) {
    if (random() < 0.8) registry.register(pick(random, services)!);
    if (random() < 0.8) registry.watch(pick(random, services)!);
  }
  while (clock.now() < untilMs) {
    await clock.run(pauseMs * random() * 2);
    const registry = pick(random, registries)!;
    const kind = pick(random, kinds);
    if (random() < 0.5 && kind !== undefined) faults[kind](context);
    else act(registry, random, services);
  }
}

function act(registry: ModelRegistry, random: () => number, services: readonly string[]): void {
  const service = pick(random, services)!;
  const open = registry.registered.filter((entry) => entry.open && entry.registration !== undefined);
  const one = pick(random, open);
  const chance = random();
  if (chance < 0.25 && open.length < 3) registry.register(service);
  else if (chance < 0.5 && one !== undefined) registry.update(one, random() < 0.2);
  else if (chance < 0.6 && one !== undefined) registry.unregister(one);
  else if (chance < 0.9) registry.watch(service);
  else registry.unwatch(service);
}

function logInto(history: History, name: string): Logger {
  const at = (level: string) => (fields: object, message: string) => {
    const { err } = fields as { readonly err?: unknown };
    history.add(name, `${level} ${message}${err instanceof Error ? ` (${err.message})` : ""}`);
  };
  const logger: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => logger,
  };
  return logger;
}
