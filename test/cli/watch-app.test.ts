import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GreeterServiceDefinition } from "../../examples/greeter/gen/greeter/v1/greeter.js";
import { type FileWatch, watchFiles } from "../../src/cli/up/watch-files.js";
import { createClient, grpcJsTransport } from "../../src/index.js";
import { openRegistry } from "../../src/service/service.js";
import { freePort } from "../support/free-ports.js";
import { talk } from "./support/project.js";
import type { RealCommand } from "./support/real-command.js";
import { Workplace } from "./support/workplace.js";

vi.setConfig({ testTimeout: 90_000 });

/** Writes a change of the app and resolves once the command has said so, whatever that was before. */
async function changed(command: RealCommand, write: () => Promise<unknown>, says: RegExp): Promise<void> {
  const before = command.sofar;
  await write();
  await command.says(says, before);
}

/** Calls `front` again and again, one call after the other, until it is told to stop; keeps what was answered. */
class Caller {
  readonly answers: string[] = [];
  readonly failures: unknown[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(registryUrl: string) {
    this.#done = this.#callOn(registryUrl);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #callOn(url: string): Promise<void> {
    await using registry = openRegistry(url);
    await using client = createClient(GreeterServiceDefinition, {
      service: "front",
      registry,
      transport: grpcJsTransport(),
    });
    while (!this.#stop.signal.aborted) {
      try {
        const { text } = await client.sayHello({ name: "Ada" });
        if (this.answers.at(-1) !== text) this.answers.push(text);
      } catch (reason) {
        this.failures.push(reason);
      }
    }
  }
}

const greets = (word: string): string => talk.replace('"Hello"', `"${word}"`);
const runs = /^hawser: all run with the change$/m;

describe.concurrent("hawser up --watch", () => {
  it("goes on with what is good of the changes, and no call fails meanwhile", async () => {
    await using place = await Workplace.make();
    const { project, shell } = place;
    const app = await project.app(talk, "app.ts");
    const up = shell.start(["up", app, "--watch"]);
    const [, registry = ""] = await up.says(/HAWSER_REGISTRY=(\S+)/);
    await up.says(/^talk: ready after /m);
    const caller = new Caller(registry);

    await changed(up, () => project.app(greets("Ahoy"), "app.ts"), runs);
    await changed(
      up,
      () => project.app("const a = ;", "app.ts"),
      /^hawser: .*app\.ts:5:10: Unexpected ";"\nhawser: the old ones stay$/m,
    );
    const badSetup = talk.replace(
      "setup: ({ config }) =>",
      'setup: ({ config }) => { throw new Error("no ink") },\n  other: () =>',
    );
    await changed(
      up,
      () => project.app(badSetup, "app.ts"),
      /setup failed: no ink[\s\S]*\nhawser: the old ones stay$/m,
    );
    await changed(up, () => project.app(greets("Moin"), "app.ts"), runs);

    await caller.stop();
    expect(caller).toMatchObject({ answers: ["Hello Ada", "Ahoy Ada", "Moin Ada"], failures: [] });
    expect((await up.stop()).code).toBe(0);
    place.expectNothingLeft();
  });
});

/** A service with a port of its own, which it cannot share with the process that replaces it. */
function web(port: number, text: string): string {
  return `
const web = defineService({
  name: "web",
  setup: ({ listen }) => listen(httpListener((request, response) => response.end("${text}"), { port: ${port} })),
});
export default defineApp({ name: "site", services: [web] });`;
}

const page = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}`)).text();

describe.concurrent("a service with a fixed port", () => {
  it("gets it from the process it replaces, which goes first; not before the new one is fit to start", async () => {
    await using place = await Workplace.make();
    const { project, shell } = place;
    const port = await freePort();
    const app = await project.app(web(port, "one"));
    const up = shell.start(["up", app, "--watch"]);
    await up.says(/^site: ready after /m);
    expect(await page(port)).toBe("one");

    const badSetup = `${web(port, "two").replace("setup: (", "setup: () => { throw new Error('no ink') }, other: (")}`;
    await changed(up, () => project.app(badSetup), /setup failed: no ink[\s\S]*\nhawser: the old ones stay$/m);
    expect(await page(port)).toBe("one");
    await changed(up, () => project.app(web(port, "three")), runs);
    expect(await page(port)).toBe("three");
    expect(up.out).toMatch(/web-1 │ .* \d+ is asked to stop first: http:\/\/127\.0\.0\.1:\d+ can be taken but once/);

    expect((await shell.run(["restart", "web"])).code).toBe(0);
    expect(await page(port)).toBe("three");
    const scaled = await shell.run(["scale", "web=2"]);
    expect(scaled).toMatchObject({ code: 1, err: expect.stringContaining(`http://127.0.0.1:${port} is taken`) });
    expect((await up.stop()).code).toBe(0);
    place.expectNothingLeft();
  });
});

describe.concurrent("an app that is watched and does not start", () => {
  it("is waited for: at the first start, and where it is divided otherwise", async () => {
    await using place = await Workplace.make();
    const { project, shell } = place;
    const app = await project.app("const a = ;");
    const up = shell.start(["up", app, "--watch"]);
    await up.says(/Unexpected token ';'\nhawser: waiting for a change$/m);
    const badSetup = talk.replace(
      "setup: ({ config }) =>",
      'setup: () => { throw new Error("no ink") },\n  other: () =>',
    );
    await changed(
      up,
      () => project.app(badSetup),
      /^hawser: talk is stopped: words-1 cannot be kept running\nhawser: waiting for a change$/m,
    );
    await changed(up, () => project.app(talk), /^talk: ready after /m);

    const more = talk.replace("[front, words]", '[front, words, defineService({ name: "clock", setup() {} })]');
    await changed(up, () => project.app(more), /divided into other processes now[\s\S]*^talk: ready after /m);
    const ps = await shell.run(["ps", "--json"]);
    const [{ children }] = JSON.parse(ps.out);
    expect(children.map(({ name }: { name: string }) => name).sort()).toEqual(["clock-1", "front-1", "words-1"]);
    expect((await up.stop("SIGINT")).code).toBe(0);
    place.expectNothingLeft();
  });

  it("is waited for until Ctrl-C", async () => {
    await using place = await Workplace.make();
    const { project, shell } = place;
    const up = shell.start(["run", await project.app("const a = ;"), "--watch"]);
    await up.says(/^hawser: waiting for a change$/m);
    expect((await up.stop("SIGINT")).code).toBe(0);
    place.expectNothingLeft();
  });
});

describe.concurrent("hawser run --watch", () => {
  it("keeps its registry, so that callers from outside stay", async () => {
    await using place = await Workplace.make();
    const { project, shell } = place;
    const run = shell.start(["run", await project.app(talk), "--watch", "--listen"]);
    const [, registry = ""] = await run.says(/HAWSER_REGISTRY=(\S+)/);
    await run.says(/^talk: ready after /m);
    const caller = new Caller(registry);
    await changed(run, () => project.app(greets("Ahoy")), runs);
    await caller.stop();
    expect(caller).toMatchObject({ answers: ["Hello Ada", "Ahoy Ada"], failures: [] });
    expect((await run.stop("SIGINT")).code).toBe(0);
    place.expectNothingLeft();
  });
});

describe("a watch of files", () => {
  let folder: string;
  let files: FileWatch;
  const never = new AbortController().signal;
  const write = (name: string) => writeFile(join(folder, name), String(Math.random()));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "hawser-watch-"));
    await mkdir(join(folder, "orders/parts"), { recursive: true });
    await mkdir(join(folder, "node_modules/a"), { recursive: true });
    await write("app.ts");
    await mkdir(`${folder}-other`);
    await writeFile(`${folder}-other/shop.yaml`, "");
    files = watchFiles(join(folder, "app.ts"));
    files.follow(`${folder}-other/shop.yaml`);
  });
  afterEach(async () => {
    files.close();
    await rm(folder, { recursive: true });
    await rm(`${folder}-other`, { recursive: true });
  });

  it.each(["app.ts", "new.js", "orders/handlers.ts", "orders/parts/shop.proto", "shop.yaml"])(
    "tells of %s, which is source",
    async (name) => {
      await write(name);
      expect(await files.next(never)).toBe(name);
    },
  );

  it("tells of what is in a new folder, and in folders that come there later", async () => {
    await mkdir(join(folder, "inventory/parts"), { recursive: true });
    await write("inventory/parts/stock.ts");
    expect(await files.next(never)).toBe("inventory/parts/stock.ts");
    await write("inventory/parts/stock.ts");
    expect(await files.next(never)).toBe("inventory/parts/stock.ts");
  });

  it("tells of a file that takes the place of another, as editors write", async () => {
    await write(".app.ts.swp");
    await rename(join(folder, ".app.ts.swp"), join(folder, "app.ts"));
    expect(await files.next(never)).toBe("app.ts");
  });

  it("goes on where a folder is replaced by another of its name, as git does", async () => {
    await rm(join(folder, "orders"), { recursive: true });
    await mkdir(join(folder, "orders"));
    await write("orders/handlers.ts");
    await files.next(never);
    await write("orders/handlers.ts");
    expect(await files.next(never)).toBe("orders/handlers.ts");
  });

  it("tells of a file it was told to follow, wherever it is", async () => {
    await writeFile(`${folder}-other/else.yaml`, "a: 1");
    await writeFile(`${folder}-other/shop.yaml`, "a: 1");
    expect(await files.next(never)).toMatch(/-other\/shop\.yaml$/);
  });

  it("tells of nothing else, and once of what changes together", async () => {
    for (const name of ["book.jsonl", ".hidden.ts", "node_modules/a/index.js", "orders/notes.md"]) await write(name);
    for (const name of ["orders/a.ts", "orders/b.ts", "orders/c.ts"]) await write(name);
    expect(await files.next(never)).toBe("orders/c.ts");
    await write("app.ts");
    expect(await files.next(never)).toBe("app.ts");
  });

  it("tells later of what changed while nobody asked, and nothing when it is not wanted any more", async () => {
    const stop = new AbortController();
    const asked = files.next(stop.signal);
    stop.abort();
    expect(await asked).toBeUndefined();
    expect(await files.next(stop.signal)).toBeUndefined();
    await write("app.ts");
    expect(await files.next(never)).toBe("app.ts");
  });
});
