import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import { type Logger, silentLogger } from "../../src/contract/contract.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import type { Registry } from "../../src/registry/registry.js";
import { createService, type Service } from "../../src/service/service.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { eventually } from "../support/eventually.js";
import { gate } from "./app/stage.js";

function service(logger: Logger = silentLogger): Service {
  const options = { name: "echo", address: "memory://echo", drainMs: 0, registry: memoryRegistry(), logger };
  return createService({ ...options, transport: memoryTransport() }).add(EchoServiceDefinition, echo());
}

/** As others find the one instance there is. */
function stateIn(registry: Registry): Promise<string> {
  return new Promise((resolve) => {
    const watch = registry.watch("echo", ({ instances }) => {
      resolve(instances[0]?.state ?? "none");
      void watch.close();
    });
  });
}

describe("hooks of a service", () => {
  it("run in the order of its life, and whoever waits for it waits for them", async () => {
    const told: string[] = [];
    const later = (what: string) => async () => {
      await Promise.resolve();
      told.push(what);
    };
    const made = service()
      .onStop(later("stop"))
      .onDrain(later("drain"))
      .onReady(later("ready"))
      .onReady(later("ready too"));

    await made.start();
    told.push("started");
    await made.close();
    expect(told).toEqual(["ready", "ready too", "started", "drain", "stop"]);
  });

  it("find the service registered when it is ready, and its clients open when the last call is over", async () => {
    const registry = memoryRegistry();
    const transport = memoryTransport();
    const options = { drainMs: 0, logger: silentLogger, registry, transport };
    const made = createService({ ...options, name: "caller", address: "memory://caller" });
    await using needed = createService({ ...options, name: "echo", address: "memory://echo" });
    await needed.add(EchoServiceDefinition, echo()).start();
    const client = made.client(EchoServiceDefinition, "echo");
    const seen: string[] = [];
    made.onReady(async () => seen.push(...(await registry.list()).map(({ name }) => name)));
    made.onStop(async () => seen.push((await client.unary({ text: "a last word" })).text));

    await made.start();
    await made.close();
    expect(seen).toEqual(["caller", "echo", "a last word"]);
  });

  it("that fail at ready fail the start, and nothing of it stays", async () => {
    const made = service().onReady(() => {
      throw new Error("no water");
    });
    await expect(made.start()).rejects.toThrow("no water");
    await made.close();
  });

  it("at ready find it as one that starts; once they are over it serves", async () => {
    const registry = memoryRegistry();
    const options = { name: "echo", address: "memory://echo", drainMs: 0, registry, logger: silentLogger };
    await using made = createService({ ...options, transport: memoryTransport() }).add(EchoServiceDefinition, echo());
    const states: string[] = [];
    const note = async (): Promise<void> => void states.push(await stateIn(registry));
    made.onReady(note).onReady(note);
    await made.start();
    await note();
    expect(states).toEqual(["starting", "starting", "serving"]);
    expect(made.instance.state).toBe("serving");
  });

  it("that fail at ready let calls of others end", async () => {
    const registry = memoryRegistry();
    const transport = memoryTransport();
    const [called, answer] = [gate(), gate()];
    const handlers = echo({
      async unary() {
        called.open();
        await answer.passed;
        return { text: "answered" };
      },
    });
    const options = { name: "echo", address: "memory://echo", drainMs: 0, registry, transport, logger: silentLogger };
    const made = createService(options).add(EchoServiceDefinition, handlers);
    await using client = createClient(EchoServiceDefinition, { registry, service: "echo", transport });
    const call = client.unary({});
    made.onReady(async () => {
      await called.passed;
      throw new Error("no water");
    });
    const refused = expect(made.start()).rejects.toThrow("no water");
    await eventually(async () => expect(await stateIn(registry)).toBe("draining"));
    answer.open();
    expect((await call).text).toBe("answered");
    await refused;
    expect(await registry.list()).toEqual([]);
    await made.close();
  });

  it("at ready that never end are given up when it is closed", async () => {
    const begun = gate();
    const made = service().onReady(() => {
      begun.open();
      return new Promise(() => {});
    });
    const refused = expect(made.start()).rejects.toThrow("echo was stopped before its onReady had ended");
    await begun.passed;
    await made.close();
    await refused;
  });

  it("that fail in the stop are logged, and hold up nobody", async () => {
    const errors: object[] = [];
    const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields) };
    let stopped = false;
    const made = service(logger)
      .onDrain(() => Promise.reject(new Error("deaf")))
      .onStop(() => {
        stopped = true;
      });
    await made.start();
    await made.close();
    expect(errors).toEqual([{ err: new Error("deaf") }]);
    expect(stopped).toBe(true);
  });
});

describe("further endpoints of a service", () => {
  it("are published with its own", async () => {
    await using made = service().addEndpoint("http://127.0.0.1:8080");
    await made.start();
    expect(made.instance.endpoints).toEqual(["memory://echo", "http://127.0.0.1:8080"]);
    expect(() => made.addEndpoint("http://127.0.0.1:8081")).toThrow(/before start/);
  });
});
