/**
 * Measures Hawser against its peers. For programs one JSON object a line on stdout, for people a table on stderr;
 * README.md says what can be set.
 */
import { mkdirSync } from "node:fs";
import { pinned } from "./process/process.js";
import { benchRegistry } from "./registry/bench-registry.js";
import { runSuite } from "./run-suite.js";
import { readSettings } from "./settings.js";
import { soak } from "./soak/soak.js";

try {
  const settings = readSettings(process.env);
  if (settings.profileDir !== undefined) mkdirSync(settings.profileDir, { recursive: true });
  process.stderr.write(
    pinned ? "server on core 0, client on core 1\n\n" : "not pinned: no taskset, or one core only\n\n",
  );
  for (const { name, suite } of settings.suites) await runSuite(name, suite, settings);
  if (settings.registry) await benchRegistry(settings.seconds);
  if (settings.soakCalls !== undefined && !(await soak(settings.soakCalls, settings.profileDir))) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
