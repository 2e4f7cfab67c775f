import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface Line {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** For `env`: what the collector of these tests can read. */
export const json = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };

/** Runs a scenario of a script of this folder, with no other `OTEL_*` variables than the given; its log lines. */
export async function runProcess(
  script: string,
  scenario: string,
  env: Record<string, string>,
  nodeOptions: string[] = [],
): Promise<Line[]> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("OTEL_"));
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeOptions, "--import", "tsx", path, scenario], {
    env: { ...Object.fromEntries(kept), ...env },
  });
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}
