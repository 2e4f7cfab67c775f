import type { Random } from "../../../src/time/time.js";
import type { Fault } from "../fault.js";
import { type Backend, Stage } from "./stage.js";

/** Something that befalls etcd, or the way to it. */
export interface Blow<B extends Backend> {
  readonly name: string;
  /** Default: 50. */
  readonly rounds?: number;
  start(): Promise<B>;
  /** Resolves when etcd answers everybody again. */
  strike(backend: B, random: Random): Promise<void>;
  /** How soon everybody is registered again after that, in ms. Default: 3 000. */
  readonly withinMs?: number;
  /** Whether etcd itself says, and rightly, that somebody is gone who lives. Default: false. */
  readonly mayDrop?: boolean;
}

/**
 * The promise behind every one of them: those who knew each other go on calling each other, nobody who lives is dropped
 * from a picture, and soon after etcd answers again everybody is registered.
 */
export function fault<B extends Backend>(blow: Blow<B>): Fault {
  const { start, strike, withinMs = 3_000, mayDrop = false } = blow;
  return {
    name: blow.name,
    rounds: blow.rounds ?? 50,
    async run({ rounds, random, signal, progress }) {
      const backend = await start();
      const backMs: number[] = [];
      await using stage = await Stage.start(backend);
      for (let round = 0; round < rounds && !signal.aborted; round++) {
        await strike(backend, random);
        const answersAt = performance.now();
        await stage.registered();
        backMs.push(performance.now() - answersAt);
        await stage.whole();
        await stage.callers.more(100);
        if ((round + 1) % 10 === 0) {
          progress(
            `${round + 1} rounds, ${stage.callers.calls} calls, ${stage.callers.failed} failed, ${figures(backMs)}`,
          );
        }
      }
      const { callers, dropped } = stage;
      const late = backMs.filter((each) => each > withinMs).length;
      return {
        rounds: backMs.length,
        calls: callers.calls,
        failed: callers.failed,
        detail: figures(backMs),
        broken: [
          ...(callers.failed > 0 ? [`${callers.failed} calls failed: ${callers.complaints.join("; ")}`] : []),
          ...(dropped.length > 0 && !mayDrop
            ? [`${dropped.length} times somebody who lives was dropped: ${dropped[0]}`]
            : []),
          ...(late > 0 ? [`${late} times not everybody was registered within ${withinMs} ms`] : []),
        ],
      };
    },
  };
}

function figures(backMs: readonly number[]): string {
  const sorted = [...backMs].sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return `registered again p50 ${at(0.5)} ms, max ${at(1)} ms`;
}

/** Between the two, in ms. */
export async function pause(random: Random, fromMs: number, toMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, fromMs + random() * (toMs - fromMs)));
}
