import type { Random } from "../../../src/time/time.js";
import { instanceOf, type ModelRegistry } from "./model-registry.js";
import type { SimulatedEtcd } from "./simulated-etcd.js";
import type { Truth } from "./truth.js";
import type { VirtualClock } from "./virtual-clock.js";

export interface FaultContext {
  readonly etcd: SimulatedEtcd;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly registries: readonly ModelRegistry[];
  readonly services: readonly string[];
  readonly truth: Truth;
  /** How long a fault may last. */
  readonly longestMs: number;
  /** When data were last lost in a way that no client can be sure to see at once. */
  hiddenMs: number;
  /** When tokens expired last. */
  tokensMs: number;
  /** How often they did. */
  expiries: number;
  wipes: number;
  compactions: number;
}

/** Tokens live longer than it takes to use them. */
const shortestTokenMs = 60_000;

/** Who revokes by hand whatever comes is waited for longer and longer. */
const oldLeaseMs = 10_000;

export type FaultName = keyof typeof faults;

/** What happens at night, to etcd and on the way to it. Each begins at once, and ends by itself where it ends. */
export const faults = {
  "delete by hand"(context: FaultContext) {
    const key = anyKey(context);
    if (key !== undefined) byHand(context, `deletes ${key}`, () => context.etcd.txn(del(key)));
  },
  "revoke by hand"(context: FaultContext) {
    const { etcd, clock, random } = context;
    const lease = pick(
      random,
      etcd.leases.filter(({ grantedMs }) => clock.now() - grantedMs > oldLeaseMs),
    );
    if (lease !== undefined) byHand(context, `revokes ${lease.id.slice(-3)}`, () => context.etcd.revoke(lease.id));
  },
  "put by hand"(context: FaultContext) {
    const service = pick(context.random, context.services)!;
    const id = `foreign${Math.floor(3 * context.random())}`;
    const instance = { ...instanceOf(service, id), metadata: { n: String(Math.floor(100 * context.random())) } };
    const { keys } = context.registries[0]!;
    const value = keys.encode(instance);
    byHand(context, `puts ${service}/${id}`, () => context.etcd.txn(putOf(keys.of(instance).toString(), value)));
  },
  "hostile value"(context: FaultContext) {
    const { random } = context;
    const values = [
      "",
      "{",
      "null",
      '{"__proto__":{"id":"x"}}',
      `{"id":"${"x".repeat(10_000)}"}`,
      "[]",
      '{"weight":-1}',
    ];
    const key =
      random() < 0.3
        ? anyKey(context)
        : `/hawser/instances/${pick(random, context.services)}/h${Math.floor(3 * random())}`;
    if (key === undefined) return;
    const value = Buffer.from(pick(random, values)!);
    byHand(context, `puts ${value.toString().slice(0, 20)} under ${key}`, () => context.etcd.txn(putOf(key, value)));
  },
  "other keys"(context: FaultContext) {
    const { etcd, random } = context;
    const put = () => etcd.txn(putOf(`/other/${Math.floor(5 * random())}`, Buffer.from(String(random()))));
    for (let n = 1 + Math.floor(5 * random()); n > 0; n--) byHand(context, "writes something else", put);
  },
  compaction(context: FaultContext) {
    const { etcd, random } = context;
    const revision = etcd.store.revision - (random() < 0.5 ? 0 : Math.floor(5 * random()));
    if (revision <= etcd.store.compacted || etcd.state !== "up") return;
    etcd.compact(revision);
    context.compactions += 1;
  },
  "expired tokens"(context: FaultContext) {
    const { etcd, clock } = context;
    if (clock.now() - context.tokensMs < shortestTokenMs) return;
    context.tokensMs = clock.now();
    context.expiries += 1;
    etcd.expireTokens();
  },
  restart(context: FaultContext) {
    crash(context, "kept");
  },
  "restart without data"(context: FaultContext) {
    crash(context, context.random() < 0.5 ? "gone" : "gone, same cluster");
  },
  freeze(context: FaultContext) {
    const { etcd } = context;
    if (etcd.state !== "up") return;
    etcd.freeze();
    lasting(context, () => etcd.state === "frozen" && etcd.thaw());
  },
  "no leader"(context: FaultContext) {
    const { etcd } = context;
    if (!etcd.hasLeader) return;
    etcd.loseLeader();
    lasting(context, () => etcd.hasLeader || etcd.electLeader());
  },
  cut({ registries, random }: FaultContext) {
    pick(random, registries)!.link.cut();
  },
  "cut all"({ registries }: FaultContext) {
    for (const { link } of registries) link.cut();
  },
  blackhole(context: FaultContext) {
    hold(context, "both");
  },
  "half open"(context: FaultContext) {
    hold(context, context.random() < 0.5 ? "up" : "down");
  },
  slow(context: FaultContext) {
    const { link } = pick(context.random, context.registries)!;
    link.slow(200 + 2_800 * context.random());
    lasting(context, () => link.slow(2));
  },
} as const satisfies { readonly [name: string]: (context: FaultContext) => void };

/** Nothing is wrong any more. */
export function makePeace({ etcd, registries }: FaultContext): void {
  for (const { link } of registries) {
    link.slow(2);
    if (!link.open) link.release();
  }
  if (etcd.state === "frozen") etcd.thaw();
  if (etcd.state === "down") etcd.start();
  if (!etcd.hasLeader) etcd.electLeader();
}

export function pick<T>(random: Random, items: readonly T[]): T | undefined {
  return items[Math.floor(random() * items.length)];
}

function crash(context: FaultContext, data: "kept" | "gone" | "gone, same cluster"): void {
  const { etcd } = context;
  if (etcd.state === "frozen") return;
  if (etcd.state === "up") etcd.kill();
  lasting(context, () => {
    if (etcd.state !== "down") return;
    etcd.start(data);
    if (data === "kept") return;
    context.wipes += 1;
    if (data === "gone, same cluster") context.hiddenMs = context.clock.now();
  });
}

function hold(context: FaultContext, which: "up" | "down" | "both"): void {
  const { link, name } = pick(context.random, context.registries)!;
  if (!link.open) return;
  context.etcd.byHand(`holds ${which} of ${name}`, () => link.hold(which));
  lasting(context, () => {
    context.etcd.byHand(`lets ${name} go`, () => link.release());
  });
}

/** Mostly short. */
function lasting({ clock, random, longestMs }: FaultContext, end: () => void): void {
  const ms = random() < 0.5 ? 5_000 * random() : longestMs * random();
  clock.later(ms, end);
}

/** Nobody can do anything to an etcd that does not answer. */
function byHand({ etcd, truth }: FaultContext, what: string, work: () => void): void {
  if (etcd.state !== "up" || !etcd.hasLeader) return;
  etcd.byHand(what, () => {
    truth.byHand = true;
    work();
    truth.byHand = false;
  });
}

function anyKey({ random, services, truth }: FaultContext): string | undefined {
  const keys = services.flatMap((service) =>
    [...truth.now(service).keys()].map((id) => `/hawser/instances/${service}/${id}`),
  );
  return pick(random, keys);
}

function putOf(key: string, value: Buffer) {
  return { success: [{ request_put: { key: Buffer.from(key), value } }] };
}

function del(key: string) {
  return { success: [{ request_delete_range: { key: Buffer.from(key) } }] };
}
