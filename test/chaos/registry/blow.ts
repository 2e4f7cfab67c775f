import type { Random } from "../../../src/time/time.js";
import type { Fault } from "../fault.js";
import { figures } from "../figures.js";
import { type Backend, Stage } from "./stage.js";

/** What a blow leaves. */
export interface Struck {
  /** When etcd answered everybody again, of `performance.now()`. Default: when the blow was over. */
  readonly answersAtMs?: number;
  /** Of whom etcd has said, and rightly, that they are gone, though they live. Default: nobody. */
  readonly mayGo?: readonly string[];
}

/** Something that befalls etcd, or the way to it. */
export interface Blow<B extends Backend> {
  readonly name: string;
  /** Default: 50. */
  readonly rounds?: number;
  /** Default: as many as are asked for. */
  readonly mostRounds?: number;
  start(): Promise<B>;
  strike(backend: B, random: Random): Promise<Struck | void>;
}

/** How soon everybody is registered again after etcd answers, in ms. */
const withinMs = 3_000;

/**
 * The promise behind every one of them: those who knew each other go on calling each other, and not because a call is made
 * twice; nobody who lives is dropped from a picture; and soon after etcd answers again everybody is registered.
 */
export function fault<B extends Backend>({ name, rounds = 50, mostRounds, start, strike }: Blow<B>): Fault {
  return {
    name,
    rounds,
    ...(mostRounds !== undefined && { mostRounds }),
    async run({ rounds: wanted, random, signal, progress }) {
      const backend = await start();
      await using stage = await Stage.start(backend, { random, signal, retry: false });
      const { callers } = stage;
      const backMs: number[] = [];
      const broken: string[] = [];
      try {
        while (backMs.length < wanted && !signal.aborted) {
          const droppedBefore = stage.dropped.length;
          const { answersAtMs = performance.now(), mayGo = [] } = (await strike(backend, random)) ?? {};
          await stage.registered();
          backMs.push(performance.now() - answersAtMs);
          await stage.whole();
          await callers.more(100);
          const lost = stage.dropped.slice(droppedBefore).flatMap(({ ids }) => ids.filter((id) => !mayGo.includes(id)));
          if (lost.length > 0)
            broken.push(`round ${backMs.length}: ${[...new Set(lost)].join(", ")} live, and were dropped`);
          if (backMs.length % 10 > 0) continue;
          progress(
            `${backMs.length} rounds, ${callers.calls} calls, ${callers.failed} failed, registered again ${figures(backMs)}`,
          );
        }
      } catch (reason) {
        broken.push(`round ${backMs.length + 1}: ${reason instanceof Error ? reason.message : reason}`);
      }
      const late = backMs.filter((each) => each > withinMs).length;
      if (callers.failed > 0) broken.push(`${callers.failed} calls failed: ${callers.complaints.join("; ")}`);
      if (late > 0) broken.push(`${late} times not everybody was registered within ${withinMs} ms`);
      const { calls, failed } = callers;
      return { rounds: backMs.length, calls, failed, detail: `registered again ${figures(backMs)}`, broken };
    },
  };
}
