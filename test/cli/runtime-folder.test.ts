import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runningApps, runningRegistry, type StartingApp, takeRuntimeFolder } from "../../src/cli/up/runtime-folder.js";
import { runtimeRoot } from "../../src/cli/up/runtime-root.js";
import { FakeSupervisor } from "../support/fake-supervisor.js";
import { User } from "./support/running-app.js";

let user: User;
beforeEach(() => {
  user = new User();
});
afterEach(() => user.leave());

function starting(name = "shop", pid = process.pid): StartingApp {
  const file = join(user.folder, `${name}.ts`);
  writeFileSync(file, "");
  return { name, file, pid, startedAt: 1_577_880_000_000 };
}

/** Of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const root = (): string => join(user.folder, "hawser");

describe("the folder of a running app", () => {
  it("can be entered by its user alone, and so can its socket and what is told in it", async () => {
    await user.up("shop", new FakeSupervisor());
    const [folder = ""] = readdirSync(root()).map((name) => join(root(), name));
    expect(folder).toMatch(/\/shop-[0-9a-f]{8}$/);
    expect([root(), folder].map(modeOf)).toEqual([0o700, 0o700]);
    expect(["control.sock", "app.json"].map((name) => modeOf(join(folder, name)))).toEqual([0o600, 0o600]);
  });

  it("stands in the folder for temporary files where the system has none for the user", () => {
    const fallback = `/elsewhere/hawser-${process.getuid?.()}`;
    expect(runtimeRoot({ TMPDIR: "/elsewhere" })).toBe(fallback);
    expect(runtimeRoot({ TMPDIR: "/elsewhere", XDG_RUNTIME_DIR: "/not/there" })).toBe(fallback);
    expect(runtimeRoot({ TMPDIR: "/elsewhere", XDG_RUNTIME_DIR: "relative" })).toBe(fallback);
    expect(runtimeRoot({})).toBe(join(tmpdir(), `hawser-${process.getuid?.()}`));
  });

  it("is gone with the app, whoever closes it how often", async () => {
    const folder = await takeRuntimeFolder(starting(), user.env);
    expect(existsSync(folder.path)).toBe(true);
    await folder.close();
    const another = await takeRuntimeFolder(starting(), user.env);
    await folder.close(); // takes nothing away from the other
    expect(existsSync(another.path)).toBe(true);
    await another.close();
    expect(existsSync(root())).toBe(false);
  });

  it("is gone too where its process ends without a word", () => {
    const { file } = starting();
    const script = `
      import { takeRuntimeFolder } from "./src/cli/up/runtime-folder.ts";
      const app = { name: "shop", file: ${JSON.stringify(file)}, pid: process.pid, startedAt: 0 };
      const { path } = await takeRuntimeFolder(app, process.env);
      process.stdout.write(path);
      setImmediate(() => { throw new Error("a bug"); });
    `;
    const { stdout, status } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      env: { ...process.env, ...user.env },
      encoding: "utf8",
    });
    expect(stdout).toMatch(/\/shop-/);
    expect(status).not.toBe(0);
    expect(existsSync(root())).toBe(false);
  });

  it("is one for each file, whatever the name of the app", async () => {
    const other = starting("other");
    await using first = await takeRuntimeFolder(starting(), user.env);
    await using second = await takeRuntimeFolder({ ...other, name: "shop" }, user.env);
    expect(second.path).not.toBe(first.path);
  });

  it("is the same for a file whatever road leads to it", async () => {
    const app = starting();
    const link = join(user.folder, "link.ts");
    symlinkSync(app.file, link);
    await using _first = await takeRuntimeFolder(app, user.env);
    await expect(takeRuntimeFolder({ ...app, file: link }, user.env)).rejects.toThrow("shop runs already");
  });

  it("stays where it belongs, whatever the name of the app", async () => {
    await using folder = await takeRuntimeFolder({ ...starting(), name: "../../etc" }, user.env);
    expect(folder.path.startsWith(`${root()}/______etc-`)).toBe(true);
  });

  it("is refused where its path is too long for a socket", async () => {
    const deep = join(user.folder, "d".repeat(90));
    mkdirSync(deep, { mode: 0o700 });
    await expect(takeRuntimeFolder(starting(), { XDG_RUNTIME_DIR: deep })).rejects.toThrow(
      /control\.sock is too long for a socket: \d+ bytes, at most 10[37] are allowed; set XDG_RUNTIME_DIR to a folder with a shorter path$/,
    );
  });
});

describe("an app that runs already", () => {
  it("is not started again", async () => {
    await user.up("shop", new FakeSupervisor());
    const again = { ...starting(), startedAt: Date.now() + 192_000 };
    await expect(takeRuntimeFolder(again, user.env)).rejects.toThrow(
      new RegExp(
        `^shop runs already \\(pid ${process.pid}, for 3m 1\\ds\\); try: hawser ps, or hawser stop --all --app shop$`,
      ),
    );
  });

  it("is not started again either while it has no socket yet: its process lives", async () => {
    await using folder = await takeRuntimeFolder(starting(), user.env);
    await expect(takeRuntimeFolder(starting(), user.env)).rejects.toThrow("shop runs already");
    expect(existsSync(folder.path)).toBe(true);
  });

  it("is started by one of many who try at once", async () => {
    await takeRuntimeFolder(starting("shop", deadPid()), user.env); // and there is something dead in the way
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => takeRuntimeFolder(starting(), user.env)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(readdirSync(root())).toHaveLength(1);
  });
});

describe("what a killed app left behind", () => {
  it("is removed by its next start", async () => {
    const dead = await takeRuntimeFolder(starting("shop", deadPid()), user.env);
    writeFileSync(join(dead.path, "left"), "");
    await using folder = await takeRuntimeFolder(starting(), user.env);
    expect(folder.path).toBe(dead.path);
    expect(readdirSync(folder.path)).toEqual(["app.json"]);
  });

  it("is removed though another process has its pid, where nobody answers on its socket", async () => {
    const dead = await takeRuntimeFolder(starting(), user.env);
    const script = `require("node:net").createServer().listen(${JSON.stringify(dead.socket)}, () => process.kill(process.pid, "SIGKILL"))`;
    expect(spawnSync(process.execPath, ["-e", script]).signal).toBe("SIGKILL");
    expect(existsSync(dead.socket)).toBe(true);
    expect(await runningApps(user.env)).toEqual([]);
    await using folder = await takeRuntimeFolder(starting(), user.env);
    expect(existsSync(folder.socket)).toBe(false);
  });

  it("is removed where it says nothing that can be understood", async () => {
    const dead = await takeRuntimeFolder(starting(), user.env);
    writeFileSync(join(dead.path, "app.json"), '{"pid":');
    await using folder = await takeRuntimeFolder(starting(), user.env);
    expect(folder.path).toBe(dead.path);
  });
});

describe("a folder that others could reach into", () => {
  const taken = () => takeRuntimeFolder(starting(), user.env);

  it.each([0o755, 0o770, 0o701])("is refused: mode %o", async (mode) => {
    mkdirSync(root());
    chmodSync(root(), mode);
    const message = `${root()} is open to others (mode ${mode.toString(8)}); try: chmod 700 ${root()}, or set XDG_RUNTIME_DIR to a folder that is yours alone`;
    await expect(taken()).rejects.toThrow(message);
    await expect(runningApps(user.env)).rejects.toThrow(message);
    expect(await runningRegistry(user.env)).toBeUndefined();
  });

  it("is refused where it is only a link to one", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "hawser-elsewhere-"));
    symlinkSync(elsewhere, root());
    await expect(taken()).rejects.toThrow(`${root()} is no folder`);
    rmSync(elsewhere, { recursive: true });
  });

  it.each([0o777, 0o770, 0o702])("is refused where others may put another in its place: mode %o", async (mode) => {
    chmodSync(user.folder, mode);
    await expect(taken()).rejects.toThrow(`${user.folder} is open to others (mode ${mode.toString(8)}); set XDG`);
  });

  it("is taken where all may write, and each may move only what is their own", async () => {
    chmodSync(user.folder, 0o1777);
    await using folder = await taken();
    expect(folder.path).toMatch(/\/shop-/);
  });

  it.skipIf(process.getuid?.() !== 0)("is refused where it belongs to somebody else (only root can try)", async () => {
    mkdirSync(root(), { mode: 0o700 });
    chownSync(root(), 12345, 12345);
    await expect(taken()).rejects.toThrow(`${root()} belongs to user 12345, not to you (0)`);
    chownSync(root(), 0, 0);
    chownSync(user.folder, 12345, 12345);
    await expect(taken()).rejects.toThrow(`${user.folder} belongs to user 12345, not to you (0)`);
  });
});

describe("the apps that run", () => {
  it("are none where there is no folder, and those that answer where there is one", async () => {
    expect(await runningApps(user.env)).toEqual([]);
    const shop = await user.up("shop", new FakeSupervisor(), 11);
    const blog = await user.up("blog", new FakeSupervisor(), 12);
    await takeRuntimeFolder(starting("dead", deadPid()), user.env);
    mkdirSync(join(root(), "no-app"));
    expect(await runningApps(user.env)).toMatchObject([
      { name: "blog", file: blog.file, pid: 12, registry: blog.registry, startedAt: blog.startedAt },
      { name: "shop", file: shop.file, pid: 11, registry: shop.registry, startedAt: shop.startedAt },
    ]);
  });

  it("tell where their registry is, as long as there is one answer", async () => {
    expect(await runningRegistry(user.env)).toBeUndefined();
    const shop = await user.up("shop", new FakeSupervisor());
    expect(await runningRegistry(user.env)).toBe(shop.registry);
    const blog = await user.up("blog", new FakeSupervisor());
    expect(await runningRegistry(user.env)).toBeUndefined();
    await shop.close();
    expect(await runningRegistry(user.env)).toBe(blog.registry);
  });
});
