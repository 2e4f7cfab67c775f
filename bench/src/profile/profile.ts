/** What a V8 CPU profile (`--cpu-prof`) says, by function. */
import { readFile } from "node:fs/promises";

export interface Place {
  readonly functionName: string;
  /** Empty where it is no JavaScript. */
  readonly url: string;
  /** Both from 0. */
  readonly line: number;
  readonly column: number;
}

export interface Cost extends Place {
  /** In this function itself, without what it calls. */
  readonly selfMs: number;
}

export interface Profile {
  /** Whatever the process did but wait. */
  readonly busyMs: number;
  /** The dearest first; times of waiting left out. */
  readonly costs: readonly Cost[];
}

/** The part of the format that is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** µs before each sample. */
  readonly timeDeltas: readonly number[];
}

/** @throws SyntaxError where the file is no JSON: the process was killed while it wrote */
export async function readProfile(file: string): Promise<Profile> {
  const { nodes, samples, timeDeltas } = JSON.parse(await readFile(file, "utf8")) as CpuProfile;
  const selfUs = new Map<number, number>();
  samples.forEach((id, at) => {
    selfUs.set(id, (selfUs.get(id) ?? 0) + (timeDeltas[at] ?? 0));
  });
  const costs = new Map<string, Cost>();
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber: line, columnNumber: column } = callFrame;
    if (functionName === "(idle)") continue;
    const key = `${functionName} ${url}:${line}:${column}`;
    const selfMs = (costs.get(key)?.selfMs ?? 0) + (selfUs.get(id) ?? 0) / 1000;
    costs.set(key, { functionName, url, line, column, selfMs });
  }
  const sorted = [...costs.values()].sort((a, b) => b.selfMs - a.selfMs);
  return { busyMs: sorted.reduce((sum, { selfMs }) => sum + selfMs, 0), costs: sorted };
}
