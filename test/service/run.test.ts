import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { RegistryServiceDefinition } from "../../src/gen/hawser/registry/v1/registry.js";
import { registryHandlers } from "../../src/registry/hawser/hawser.js";
import { createServer } from "../../src/server/server.js";
import { openRegistry } from "../../src/service/service.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A service in a process of its own; `line` waits for one that fits. */
function start(registry: string) {
  const child = spawn(process.execPath, ["--import", "tsx", `${import.meta.dirname}/run.fixture.ts`], {
    env: { ...process.env, HAWSER_REGISTRY: registry, HAWSER_LOG_LEVEL: "info" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface(child.stdout);
  reader.on("line", (line) => lines.push(line));
  const line = async (text: string): Promise<void> => {
    while (!lines.some((each) => each.includes(text))) await once(reader, "line");
  };
  return { child, line };
}

describe("a process that runs a service", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("stops cleanly at %s: out of the registry, exit code 0", async (signal) => {
    await using server = createServer({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0" });
    server.add(RegistryServiceDefinition, registryHandlers());
    await server.start();
    const url = server.address.replace("grpc", "hawser");
    await using registry = openRegistry(url);

    const { child, line } = start(url);
    await line('"serving"');
    expect(await registry.list()).toEqual([{ name: "echo", versions: ["0.0.0"], instances: 1 }]);

    const exited = once(child, "exit");
    child.kill(signal);
    await line("ended by itself");
    expect(await exited).toEqual([0, null]);
    expect(await registry.list()).toEqual([]);
  });
});
