import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startRegistryServer } from "../../src/cli/app/registry-server.js";
import { openRegistry, type Service } from "../../src/service/service.js";
import { hawser } from "./support/command.js";
import { System } from "./support/system.js";

let system: System;
let well: Service;
let unwell: Service;

beforeAll(async () => {
  system = await System.start();
  well = await system.echo({ name: "well" });
  unwell = await system.echo({ name: "unwell" });
  unwell.server.health.set("", "NOT_SERVING");
});
afterAll(() => system.stop());

describe("hawser health", () => {
  it("says that a service serves, with exit code 0", async () => {
    expect(await hawser(system.args("health", "well"))).toEqual({
      code: 0,
      out: `${well.instance.id}  SERVING\n`,
      err: "",
    });
  });

  it("asks an address without a registry, also whether it is registered", async () => {
    const { address } = well.server;
    const expected = { code: 0, out: `${address}  SERVING  registered\n`, err: "" };
    expect(await hawser(["health", address.replace("grpc://", "")])).toEqual(expected);
    expect(await hawser(["health", address])).toEqual(expected);
  });

  it("shows at its address who has lost its registration, and for how long, while the registry is away", async () => {
    const registry = await startRegistryServer("127.0.0.1:0");
    await using opened = openRegistry(registry.url);
    const adrift = await system.echo({ name: "adrift", registry: opened });
    await registry.close();
    await vi.waitFor(() => expect(adrift.registration?.state).toBe("lost"), { timeout: 10_000 });
    const { address } = adrift.server;
    const { code, out } = await hawser(["health", address]);
    expect(out).toMatch(/^grpc:\/\/127\.0\.0\.1:\d+ {2}SERVING {2}not registered, for \d+s\n$/);
    expect(code).toBe(0);
    expect((await hawser(["get", "adrift", "--registry", registry.url])).err).toMatch(/^UNAVAILABLE: /);
    await adrift.close();
  });

  it("says nothing of a registration where nobody registers", async () => {
    const address = system.url.replace("hawser:", "grpc:");
    expect((await hawser(["health", address])).out).toBe(`${address}  SERVING\n`);
  });

  it("fails where one of them does not serve, and names it", async () => {
    const { code, out, err } = await hawser(system.args("health", "well", "unwell"));
    const { id } = unwell.instance;
    expect(out.trimEnd().split("\n")).toEqual([
      expect.stringMatching(`^${well.instance.id} +SERVING$`),
      expect.stringMatching(`^${id} +NOT_SERVING$`),
    ]);
    expect(err).toBe(`hawser: ${id}: not SERVING\n`);
    expect(code).toBe(1);
  });

  it("fails where nobody answers, and says how the question ended", async () => {
    expect(await hawser(["health", "127.0.0.1:9"])).toEqual({
      code: 1,
      out: "grpc://127.0.0.1:9  UNAVAILABLE\n",
      err: "hawser: grpc://127.0.0.1:9: not SERVING\n",
    });
  });

  it("prints one JSON document for programs, and fails all the same", async () => {
    const { code, out } = await hawser(system.args("health", "unwell", well.server.address, "--json"));
    expect(JSON.parse(out)).toEqual([
      { of: unwell.instance.id, health: "NOT_SERVING" },
      { of: well.server.address, health: "SERVING", registration: { registered: true, forMs: expect.any(Number) } },
    ]);
    expect(code).toBe(1);
  });

  it("fails for a service nobody registered, and names those that are", async () => {
    const { code, err } = await hawser(system.args("health", "orders"));
    expect(err).toMatch(/^NOT_FOUND: no service "orders" in .*; there: (un)?well, (un)?well\n$/);
    expect(code).toBe(1);
  });

  it.each([
    ["memory://orders", "only grpc://"],
    ["127.0.0.1:x", "expected scheme://host:port"],
  ])("refuses %s, which nobody can ask", async (address, message) => {
    const { code, err } = await hawser(["health", address]);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});
