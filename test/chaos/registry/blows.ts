import type { Fault } from "../fault.js";
import { pause } from "../figures.js";
import { GuardedEtcd, OneEtcd, ThreeMembers } from "./backends.js";
import { fault } from "./blow.js";
import { ttlMs } from "./stage.js";

const start = (): Promise<OneEtcd> => OneEtcd.start();
const prefix = "/hawser/instances/echo/";

/** What befalls etcd, and the way to it. */
export const blows: readonly Fault[] = [
  fault({
    name: "kill",
    start,
    async strike({ server }, random) {
      await server.kill();
      await pause(random, 0, 3_000);
      await server.restart();
    },
  }),
  fault({
    name: "data-lost",
    start,
    async strike({ server }, random) {
      await server.kill();
      await pause(random, 0, 2_000);
      await server.restart({ empty: true });
    },
  }),
  fault({
    name: "freeze",
    start,
    async strike({ server }, random) {
      server.pause();
      await pause(random, ttlMs * 1.1, ttlMs * 2);
      server.resume();
    },
  }),
  fault({
    name: "blackhole",
    start,
    async strike({ road }, random) {
      road.stall();
      await pause(random, ttlMs / 2, ttlMs * 2);
      road.resume();
    },
  }),
  fault({
    name: "half-open",
    start,
    async strike({ road }, random) {
      road.stall(random() < 0.5 ? "up" : "down");
      await pause(random, ttlMs / 2, ttlMs * 2);
      road.resume();
    },
  }),
  fault({
    name: "slow-link",
    start,
    async strike({ road }, random) {
      road.slow({ latencyMs: 50 + random() * 200, jitterMs: 100, bytesPerSecond: 50_000, random });
      await pause(random, 1_000, 2_000);
      road.slow(undefined);
    },
  }),
  fault({
    name: "cut",
    start,
    async strike({ road }, random) {
      road.refuse();
      await pause(random, 0, ttlMs * 1.5);
      road.admit();
    },
  }),
  fault({
    name: "compaction",
    start,
    async strike({ server, road }, random) {
      road.refuse();
      for (let index = 0; index < 20; index++) await server.ctl("put", `${prefix}passer-by`, `{"n":${index}}`);
      await server.ctl("del", `${prefix}passer-by`);
      const { header } = JSON.parse(await server.ctl("get", "-w", "json", "any")) as { header: { revision: number } };
      await server.ctl("compact", String(header.revision));
      await pause(random, 0, 500);
      road.admit();
    },
  }),
  fault({
    name: "key-deleted",
    start,
    async strike(etcd, random) {
      const ids = await etcd.ids(prefix);
      const mayGo = random() < 0.2 ? ids : ids.filter((_, index) => index === Math.floor(random() * ids.length));
      for (const id of mayGo) await etcd.ctl("del", `${prefix}${id}`);
      return { mayGo };
    },
  }),
  fault({
    name: "lease-revoked",
    start,
    async strike({ server }, random) {
      const leases = await server.leases();
      const lease = leases[Math.floor(random() * leases.length)] ?? "none";
      const held = await server.ctl("lease", "timetolive", "--keys", lease);
      await server.ctl("lease", "revoke", lease);
      return { mayGo: [...held.matchAll(/echo-\d+/g)].map(([id]) => id) };
    },
  }),
  fault({
    name: "token-expired",
    start: GuardedEtcd.start,
    async strike({ road }, random) {
      await pause(random, GuardedEtcd.tokenMs, GuardedEtcd.tokenMs * 1.5);
      road.cut();
    },
  }),
  fault({
    name: "leader-lost",
    start: ThreeMembers.start,
    async strike(three, random) {
      const leader = await three.led();
      await leader.kill();
      await three.led();
      const answersAtMs = performance.now();
      await pause(random, 0, 2_000);
      await leader.restart();
      return { answersAtMs };
    },
  }),
  fault({
    name: "majority-lost",
    start: ThreeMembers.start,
    async strike(three, random) {
      const leader = await three.led();
      const other = three.cluster.members.find((member) => member !== leader)!;
      for (const member of [leader, other]) member.pause();
      await pause(random, ThreeMembers.ttlMs, ThreeMembers.ttlMs * 1.5);
      for (const member of [leader, other]) member.resume();
      await three.answers();
    },
  }),
  fault({
    name: "member-cut-off",
    start: ThreeMembers.start,
    async strike({ roads }, random) {
      const road = roads[Math.floor(random() * roads.length)]!;
      road.stall();
      await pause(random, ThreeMembers.ttlMs, ThreeMembers.ttlMs * 1.5);
      road.resume();
    },
  }),
  fault({
    name: "outage-60s",
    rounds: 1,
    mostRounds: 1,
    start,
    async strike({ server }) {
      await server.kill();
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      await server.restart();
    },
  }),
];
