import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Instance } from "../../src/contract/contract.js";
import type { Registration } from "../../src/registry/registry.js";
import { ManualClock } from "../support/manual-clock.js";
import { hawser, type Started, start } from "./support/command.js";
import { System } from "./support/system.js";

let system: System;
let first: Instance;
let second: Instance;

beforeAll(async () => {
  system = await System.start();
  const gold = { metadata: { tier: "gold", note: "a\u001b[2Jb" }, zone: "eu-1", weight: 50 };
  first = (await system.echo(gold)).instance;
  second = (await system.echo({ version: "1.3.0" })).instance;
});
afterAll(() => system.stop());

const registrations: Registration[] = [];
const commands: Started[] = [];
afterEach(async () => {
  for (const command of commands.splice(0)) {
    command.interrupt();
    await command.code;
  }
  await Promise.all(registrations.splice(0).map((registration) => registration.close()));
});

/** Somebody the registry knows and nobody can reach: port 9 discards, and nobody listens there. */
async function register(changed: Partial<Instance>): Promise<Registration> {
  const ghost: Instance = { ...first, id: "ghost-1", service: "ghost", endpoints: ["grpc://127.0.0.1:9"], ...changed };
  const registration = await system.registry.register(ghost);
  registrations.push(registration);
  return registration;
}

function watch(...args: readonly string[]): Started {
  const command = start(system.args("watch", ...args));
  commands.push(command);
  return command;
}

describe("hawser list", () => {
  it("shows each service with its versions and instances", async () => {
    const { code, out } = await hawser(system.args("list"));
    expect(out).toBe("SERVICE  VERSIONS      INSTANCES\necho     1.2.3, 1.3.0  2\n");
    expect(code).toBe(0);
  });

  it("prints one JSON document for programs", async () => {
    const { out } = await hawser(system.args("list", "--json"));
    expect(JSON.parse(out)).toEqual([{ name: "echo", versions: ["1.2.3", "1.3.0"], instances: 2 }]);
    expect(out.trimEnd()).not.toContain("\n");
  });

  it("finds the registry in HAWSER_REGISTRY where no option says it", async () => {
    const { out } = await hawser(["list", "--json"], { env: { HAWSER_REGISTRY: system.url } });
    expect(JSON.parse(out)).toHaveLength(1);
  });

  it("leaves stdout empty where nobody is registered, and says so beside it", async () => {
    const empty = { HAWSER_REGISTRY: "memory:" };
    expect(await hawser(["list"], { env: empty })).toEqual({
      code: 0,
      out: "",
      err: "no service is registered in memory:\n",
    });
    expect((await hawser(["list", "--json"], { env: empty })).out).toBe("[]\n");
  });

  it("is coloured on a terminal, and nowhere else, and not where somebody minds", async () => {
    const colour = "\u001b[";
    expect((await hawser(system.args("list"), { tty: true })).out).toContain(colour);
    expect((await hawser(system.args("list"))).out).not.toContain(colour);
    expect((await hawser(system.args("list", "--no-color"), { tty: true })).out).not.toContain(colour);
    expect((await hawser(system.args("list"), { tty: true, env: { NO_COLOR: "1" } })).out).not.toContain(colour);
    expect((await hawser(system.args("list"), { tty: true, env: { NO_COLOR: "" } })).out).toContain(colour);
  });
});

describe("hawser get", () => {
  it("shows all there is to know of every instance, and how it is", async () => {
    const clock = new ManualClock(first.startedAt.getTime() + 192_000);
    const { out } = await hawser(system.args("get", "echo"), { clock });
    const sheet = out.split("\n\n").find((each) => each.startsWith(first.id));
    expect(sheet?.trimEnd().split("\n")).toEqual([
      first.id,
      "  version     1.2.3",
      "  state       serving",
      "  health      SERVING",
      "  registered  yes",
      "  uptime      3m 12s",
      `  endpoints   ${first.endpoints[0]}`,
      "  contracts   hawser.test.v1.EchoService",
      "  zone        eu-1",
      "  weight      50",
      "  metadata    note=a\\x1b[2Jb, tier=gold",
    ]);
    expect(out).toContain(`${second.id}\n  version     1.3.0\n`);
    expect(out).toContain("  zone        -\n");
  });

  it("prints one JSON document for programs", async () => {
    const clock = new ManualClock(second.startedAt.getTime() + 1000);
    const { out } = await hawser(system.args("get", "echo", "--json"), { clock });
    const instances = JSON.parse(out) as Instance[];
    expect(instances.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
    expect(instances.find(({ id }) => id === second.id)).toEqual({
      ...second,
      startedAt: second.startedAt.toISOString(),
      uptimeMs: 1000,
      health: "SERVING",
      registration: { registered: true, forMs: expect.any(Number) },
    });
  });

  it("shows what an instance says of its registration: no, and for how long; unknown where it says nothing", async () => {
    await using adrift = await system.echo({ name: "adrift" });
    adrift.server.health.set("hawser.registry", "NOT_SERVING");
    expect((await hawser(system.args("get", "adrift"))).out).toMatch(/\n {2}registered {2}no, for \d+s\n/);
    await register({ service: "silent", endpoints: [system.url.replace("hawser:", "grpc:")] });
    expect((await hawser(system.args("get", "silent"))).out).toContain("\n  registered  unknown\n");
    const [instance] = JSON.parse((await hawser(system.args("get", "silent", "--json"))).out);
    expect(instance).toMatchObject({ health: "SERVING", registration: null });
  });

  it("shows what the question for health failed with, and UNKNOWN where nobody can be asked", async () => {
    await register({});
    await register({ id: "ghost-2", endpoints: ["memory://ghost"] });
    const { code, out } = await hawser(system.args("get", "ghost", "--json"));
    const instances = JSON.parse(out) as { id: string; health: string }[];
    expect(instances.map(({ id, health }) => [id, health])).toEqual([
      ["ghost-1", "UNAVAILABLE"],
      ["ghost-2", "UNKNOWN"],
    ]);
    expect(code).toBe(0);
  });

  it("fails for a service nobody registered, and names those that are", async () => {
    expect(await hawser(system.args("get", "orders"))).toEqual({
      code: 1,
      out: "",
      err: `NOT_FOUND: no service "orders" in ${system.url}; there: echo\n`,
    });
  });
});

describe("hawser watch", () => {
  it("prints who comes, changes and leaves", async () => {
    const { out } = watch("ghost");
    const ghost = await register({ version: "2.0.0" });
    await out.line((line) => line === "+ ghost-1  ghost 2.0.0 serving grpc://127.0.0.1:9");
    await ghost.update({
      ...first,
      id: "ghost-1",
      service: "ghost",
      state: "draining",
      version: "2.0.0",
      endpoints: ["grpc://127.0.0.1:9"],
    });
    await out.line((line) => line === "~ ghost-1  draining");
    await ghost.close();
    await out.line((line) => line === "- ghost-1");
    expect(out.lines).toHaveLength(3);
  });

  it("prints complete sets for programs, one a line", async () => {
    const { out } = watch("ghost", "--json");
    await out.line((line) => JSON.parse(line).instances.length === 0);
    await register({});
    const line = await out.line((each) => JSON.parse(each).instances.length === 1);
    expect(JSON.parse(line)).toMatchObject({
      service: "ghost",
      stale: false,
      instances: [{ id: "ghost-1", state: "serving", startedAt: first.startedAt.toISOString() }],
    });
  });

  it("follows every service where none is named, those that come later too", async () => {
    const clock = new ManualClock();
    const command = start(system.args("watch"), { clock });
    commands.push(command);
    await command.out.line((line) => line.startsWith(`+ ${first.id}`));
    await register({});
    const found = command.out.line((line) => line.startsWith("+ ghost-1"));
    let looking = true;
    void found.then(() => {
      looking = false;
    });
    while (looking) await clock.run(1000);
    await found;
  });

  it("ends well when it is interrupted", async () => {
    const { code, err, interrupt, out } = watch("echo");
    await out.line((line) => line.startsWith("+"));
    interrupt();
    expect(await code).toBe(0);
    expect(err.text).toBe("");
  });
});

describe("hawser registry", () => {
  it("says where it listens and what to tell the services", async () => {
    const command = start(["registry", "--address", "127.0.0.1:0"]);
    commands.push(command);
    const line = await command.out.line(() => true);
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    expect(line).toBe(
      `registry listening on grpc://127.0.0.1:${port}; services find it with HAWSER_REGISTRY=hawser://127.0.0.1:${port}`,
    );
    expect((await hawser(["list", "--json", "--registry", `hawser://127.0.0.1:${port}`])).out).toBe("[]\n");
  });

  it("has health and reflection", async () => {
    const address = system.url.replace("hawser://", "");
    expect(JSON.parse((await hawser(["call", address, "List", "--json"])).out)).toMatchObject({
      services: [{ name: "echo" }],
    });
    expect(JSON.parse((await hawser(["call", address, "health/check", "--json"])).out)).toEqual({ status: "SERVING" });
  });

  it("stops at once when it is interrupted, whoever is still watching", async () => {
    const command = start(["registry", "--address", "127.0.0.1:0", "--json"]);
    const { registry } = JSON.parse(await command.out.line(() => true)) as { registry: string };
    const watcher = start(["watch", "ghost", "--json", "--registry", registry]);
    commands.push(watcher);
    await watcher.out.line(() => true);
    command.interrupt();
    expect(await command.code).toBe(0);
    await watcher.out.line((line) => JSON.parse(line).stale === true);
  });

  it("says in one line that its address is taken", async () => {
    const address = system.url.replace("hawser://", "");
    expect(await hawser(["registry", "--address", address])).toEqual({
      code: 1,
      out: "",
      err: `hawser: ${address} is taken; is a registry running there already? try: hawser list, or another --address\n`,
    });
  });
});
