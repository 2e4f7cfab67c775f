import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import { guarded } from "../../src/registry/guarded-monitor.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import type { Snapshot } from "../../src/registry/registry.js";
import { instance } from "../conformance/registry.js";
import { recordingLogger } from "./recording-logger.js";

const renewal: RegistryEvent = { type: "renewal", ok: true };

test("a monitor that throws is an error in the log once, and is told on", () => {
  const logger = recordingLogger();
  const told: RegistryEvent[] = [];
  const monitor = guarded((event) => {
    told.push(event);
    throw new Error("no room left");
  }, logger);
  for (let times = 0; times < 3; times++) monitor(renewal);
  expect(told).toEqual([renewal, renewal, renewal]);
  expect(logger.lines.map(({ level }) => level)).toEqual(["error", "debug", "debug"]);
  expect(logger.lines[0]).toMatchObject({
    message: "the monitor of the registry threw",
    fields: { err: expect.objectContaining({ message: "no room left" }), event: "renewal" },
  });
});

test("without a monitor nothing is told, and nothing is logged", () => {
  const logger = recordingLogger();
  guarded(undefined, logger)(renewal);
  expect(logger.lines).toEqual([]);
});

test("a registry whose monitor throws registers and tells its watchers all the same", async () => {
  const logger = recordingLogger();
  const registry = memoryRegistry({
    logger,
    monitor: () => {
      throw new Error("no room left");
    },
  });
  const seen: Snapshot[] = [];
  registry.watch("orders", (snapshot) => seen.push(snapshot));
  await registry.register(instance("orders-1"));
  await setImmediate();
  expect(seen.at(-1)?.instances.map(({ id }) => id)).toEqual(["orders-1"]);
  await registry.close();
  expect(logger.lines.filter(({ level }) => level === "error")).toHaveLength(1);
});
