import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type RegistryServer, startRegistryServer } from "../../src/cli/app/registry-server.js";
import { hawser } from "./support/command.js";
import { evaluate } from "./support/debugger.js";
import { Project } from "./support/project.js";
import { Shell } from "./support/real-command.js";

vi.setConfig({ testTimeout: 60_000 });

/** Both say who called them: an address of this machine, or somebody in the same process. */
const whoCalls = `
const words = defineService({
  name: "words",
  contract: GreeterServiceDefinition,
  setup: () => ({ sayHello: ({ name }, { peer }) => ({ text: name + " by " + peer }) }),
});
const front = defineService({
  name: "front",
  contract: GreeterServiceDefinition,
  needs: { words: GreeterServiceDefinition },
  setup: ({ needs }) => ({ sayHello: (request) => needs.words.sayHello(request) }),
});
export default defineApp({ name: "talk", services: [front, words] });
`;

let shell: Shell;
let project: Project;
let app: string;
beforeAll(async () => {
  shell = await Shell.open();
  project = await Project.make();
  app = await project.app(whoCalls);
});
afterAll(async () => {
  try {
    expect(shell.remains).toEqual({ alive: [], left: [] });
  } finally {
    await shell[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  }
});

/** A registry of one test, and what can be done with it. */
class World implements AsyncDisposable {
  readonly #registry: RegistryServer;

  private constructor(registry: RegistryServer) {
    this.#registry = registry;
  }

  static async make(): Promise<World> {
    return new World(await startRegistryServer("127.0.0.1:0"));
  }

  /** As an operator says it. */
  get env(): object {
    return { HAWSER_REGISTRY: this.#registry.url };
  }

  /** `hawser start` with these arguments, once all of it runs. */
  async start(...args: readonly string[]) {
    const command = shell.start(["start", ...args], { env: this.env });
    await command.says(/here, in one process; try: hawser list$/m);
    return command;
  }

  hawser(...args: readonly string[]) {
    return hawser(["--registry", this.#registry.url, ...args]);
  }

  async sayHello(service: string): Promise<string> {
    const { out, err } = await this.hawser("call", service, "SayHello", '{"name":"Ada"}', "--json");
    return err || JSON.parse(out).text;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#registry.close();
  }
}

describe.concurrent("hawser start", () => {
  it("has services of one process call each other in it, unless they are placed otherwise", async () => {
    await using world = await World.make();
    const near = await world.start(app, "front", "words");
    expect(await world.sayHello("front")).toMatch(/^Ada by (?!127)/);
    expect((await near.stop()).code).toBe(0);
    const far = await world.start(app, "--place", "front.words=remote");
    expect(await world.sayHello("front")).toMatch(/^Ada by 127\.0\.0\.1:\d+$/);
    expect((await far.stop("SIGINT")).code).toBe(0);
  });

  it("finds the others by the registry, whichever of them is there first", async () => {
    await using world = await World.make();
    const front = await world.start(app, "front");
    const words = await world.start(app, "words", "--address", "grpc://127.0.0.1:0", "--advertise", "localhost");
    expect(await world.sayHello("front")).toMatch(/^Ada by 127\.0\.0\.1:\d+$/);
    const [{ endpoints }] = JSON.parse((await world.hawser("get", "words", "--json")).out);
    expect(endpoints).toEqual([expect.stringMatching(/^grpc:\/\/localhost:\d+$/)]);
    expect(JSON.parse((await world.hawser("list", "--json")).out)).toHaveLength(2);
    expect([(await front.stop()).code, (await words.stop()).code]).toEqual([0, 0]);
    expect(JSON.parse((await world.hawser("list", "--json")).out)).toEqual([]);
  });

  it("takes the first word for a service where it is no app, in the folder of the app", async () => {
    await using world = await World.make();
    await mkdir(join(project.folder, "words"), { recursive: true }); // where the handlers of such a service are
    const words = shell.start(["start", "words"], { cwd: project.folder, env: world.env });
    await words.says(/^talk: words here, in one process; try: hawser list$/m);
    expect((await words.stop()).code).toBe(0);
  });

  it("refuses to write calls where nothing can be written", async () => {
    const { code, err } = await shell.run(["start", app, "words", "--record", join(app, "calls")]);
    expect(code).toBe(2);
    expect(err).toMatch(/^hawser: --record .*: nothing can be written there: ENOTDIR/);
  });

  it("writes the calls that come in, which can be made again", async () => {
    await using world = await World.make();
    const folder = join(project.folder, "recordings");
    const words = await world.start(app, "words", "--record", folder);
    expect(await world.sayHello("words")).toMatch(/^Ada by /);
    expect((await words.stop()).code).toBe(0);
    const [file = ""] = readdirSync(folder);
    expect(file).toMatch(/^words-.*\.jsonl$/);

    const again = await world.start(app, "words");
    const replayed = await world.hawser("call", "--replay", join(folder, file));
    expect(replayed).toMatchObject({
      code: 0,
      out: expect.stringMatching(/"text": "Ada by /),
      err: expect.stringMatching(/^same: OK /m),
    });
    expect((await again.stop()).code).toBe(0);
  });

  it("lets a debugger attach", async () => {
    await using world = await World.make();
    const words = await world.start(app, "words", "--inspect", "127.0.0.1:0");
    const [, url = ""] = await words.says(/^Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/\S+)$/m);
    expect(await evaluate(url, "process.pid")).toBe(words.pid);
    expect((await words.stop()).code).toBe(0);
  });

  it("waits for a debugger before the app is loaded, and Ctrl-C ends that", async () => {
    const words = shell.start(["start", app, "words", "--inspect-brk", "127.0.0.1:0"]);
    await words.says(/^Debugger listening on /m);
    expect(await words.stop("SIGINT")).toMatchObject({ code: "SIGINT", out: "" });
  });

  it("says whose address is taken, by gRPC and by a listener of its own", async () => {
    await using world = await World.make();
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const grpc = await shell.run(["start", app, "words", "--address", `grpc://127.0.0.1:${port}`], { env: world.env });
    expect(grpc).toMatchObject({
      code: 1,
      out: "",
      err: `hawser: words: grpc://127.0.0.1:${port} is taken: somebody listens there already\n`,
    });
    const site = await project.app(
      `const web = defineService({
  name: "web",
  setup: ({ listen }) => listen(httpListener((request, response) => response.end(), { port: ${port} })),
});
export default defineApp({ services: [web] });`,
      "web.mjs",
    );
    const http = await shell.run(["run", site]);
    expect(http).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        `hawser: web: http listener failed: http://127.0.0.1:${port} is taken; choose another port\n`,
      ),
    });
    taken.close();
  });

  it("waits for a registry that is away, says so, and comes when that is there", async () => {
    const registry = await startRegistryServer("127.0.0.1:0");
    await registry.close();
    const words = shell.start(["start", app, "words", "--registry", registry.url]);
    await words.says(/"level":"warn".*regist/);
    await using _ = await startRegistryServer(registry.url.replace("hawser://", ""));
    await words.says(/^talk: words here/m);
    expect((await words.stop()).code).toBe(0);
  });

  it("stops at once while it waits for a registry", async () => {
    const words = shell.start(["start", app, "words", "--registry", "hawser://127.0.0.1:9"]);
    await words.says(/"level":"warn".*regist/);
    expect((await words.stop("SIGINT")).code).toBe(130);
  });
});
