import type { Random } from "../../../src/time/time.js";
import { memoryInUse } from "../../support/memory-in-use.js";
import type { Fault } from "../fault.js";
import { figures, pause } from "../figures.js";
import type { ServedOptions } from "./served-process.js";
import { WireStage } from "./wire-stage.js";

/** How soon all kinds of calls go well again, in ms. */
const withinMs = 5000;
/** What a client may hold more when all is over, in bytes: code that was compiled meanwhile, not what calls leave. */
const maxGrowth = 24 * 1024 * 1024;

interface Blow extends Partial<ServedOptions> {
  readonly name: string;
  /** Default: 50. */
  readonly rounds?: number;
  /** Whether no call may fail of it. Default: false. */
  readonly harmless?: boolean;
  strike(stage: WireStage, random: Random): Promise<void>;
}

/**
 * The promises behind every one of them: no answer is wrong, belongs to another call or lacks a part; nothing is done twice
 * that nobody may repeat; a call fails with what it may fail with, and by its deadline; and soon all goes well again.
 */
function fault({ name, rounds = 50, harmless = false, strike, scheme = "grpc", ...served }: Blow): Fault {
  return {
    name,
    rounds,
    async run({ rounds: wanted, random, signal, progress }) {
      const before = await memoryInUse();
      const wellMs: number[] = [];
      const stage = await WireStage.start({ scheme, ...served }, random);
      const { callers, broken } = stage;
      try {
        while (wellMs.length < wanted && !signal.aborted && broken.length === 0) {
          await strike(stage, random);
          const overAt = performance.now();
          await stage.well();
          wellMs.push(performance.now() - overAt);
          await callers.more(200);
          if (wellMs.length % 10 === 0) progress(`${wellMs.length} rounds, ${callers.calls} calls, ${figures(wellMs)}`);
        }
      } finally {
        await stage[Symbol.asyncDispose]();
      }
      const grown = (await memoryInUse()) - before;
      const late = wellMs.filter((each) => each > withinMs).length;
      if (late > 0) broken.push(`${late} times it was not well within ${withinMs} ms`);
      if (harmless && callers.failed > 0)
        broken.push(`${callers.failed} calls failed: ${callers.complaints.join("; ")}`);
      if (grown > maxGrowth) broken.push(`the client has grown by ${Math.round(grown / 1e6)} MB`);
      const detail = `well again ${figures(wellMs)}`;
      return { rounds: wellMs.length, calls: callers.calls, failed: callers.failed, detail, broken };
    },
  };
}

export const wireFaults: readonly Fault[] = [
  fault({
    name: "cut",
    async strike({ road }, random) {
      road.cut();
      await pause(random, 0, 200);
    },
  }),
  fault({
    name: "refused",
    async strike({ road }, random) {
      road.refuse();
      await pause(random, 0, 1500);
      road.admit();
    },
  }),
  fault({
    name: "blackhole",
    async strike({ road }, random) {
      road.stall();
      await pause(random, 100, 3000);
      road.resume();
    },
  }),
  fault({
    name: "half-open",
    async strike({ road }, random) {
      road.stall(random() < 0.5 ? "up" : "down");
      await pause(random, 100, 3000);
      road.resume();
    },
  }),
  fault({
    name: "slow-link",
    harmless: true,
    async strike({ road }, random) {
      road.slow({ latencyMs: 10 + random() * 50, jitterMs: 20, bytesPerSecond: 20_000_000, random });
      await pause(random, 500, 1500);
      road.slow(undefined);
    },
  }),
  fault({
    name: "kill",
    async strike({ served }, random) {
      await served.end();
      await pause(random, 0, 1000);
      await served.restart();
    },
  }),
  fault({
    name: "restart",
    async strike({ served }) {
      await served.end("SIGTERM");
      await served.restart();
    },
  }),
  fault({
    name: "freeze",
    async strike({ served }, random) {
      served.pause();
      await pause(random, 100, 3000);
      served.resume();
    },
  }),
  fault({
    name: "old-connections",
    harmless: true,
    maxConnectionAgeMs: 100,
    strike: (_stage, random) => pause(random, 500, 1000),
  }),
  fault({
    name: "broken-off",
    harmless: true,
    strike: (stage) => stage.breakOff(60),
  }),
  fault({
    name: "damaged",
    scheme: "grpcs",
    async strike({ road }, random) {
      road.damage({ share: 0.002, random });
      await pause(random, 500, 1500);
      road.damage(undefined);
    },
  }),
];
