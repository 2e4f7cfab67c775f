import type { GroupSpec, Intensity, ProcessSpec } from "../../supervisor/supervisor.js";
import type { AppOutline } from "../app/outline.js";
import { hawserCommand } from "./hawser-command.js";

export interface ProcessTreeOptions {
  /** Behind the names of the services: what every process is told. */
  readonly args: readonly string[];
  readonly registryUrl: string;
  /** How often a process may end by itself before the whole app is given up. */
  readonly intensity: Intensity;
  /** How long a process may take to be ready, in ms. */
  readonly readyTimeoutMs: number;
}

/**
 * What is to be kept running: a group for each process of the app, with as many of it as are wanted. A group that gives up
 * ends the app: the rest cannot do its work.
 */
export function processTree({ name, file, processes }: AppOutline, options: ProcessTreeOptions): GroupSpec {
  const { args, registryUrl, intensity, readyTimeoutMs } = options;
  const processOf = (process: string, services: readonly string[], number: number): ProcessSpec => ({
    name: `${process}-${number}`,
    ...hawserCommand(["start", file, ...services, ...args]),
    env: { HAWSER_REGISTRY: registryUrl },
    after: [],
    readyTimeoutMs,
  });
  return {
    name: `app:${name}`,
    intensity: { restarts: 0, withinMs: intensity.withinMs },
    children: processes.map(({ name: process, services, replicas, after }) => ({
      name: process,
      after,
      intensity,
      children: Array.from({ length: replicas }, (_, index) => processOf(process, services, index + 1)),
    })),
  };
}
