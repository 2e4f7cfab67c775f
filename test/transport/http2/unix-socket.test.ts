import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { type NetConnectOpts, Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Code, RpcError } from "../../../src/errors/errors.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import type { Listener } from "../../../src/transport/transport.js";
import { Moment } from "../../support/moment.js";

/** What every removal of a file waits for. */
let beforeUnlink = (): Promise<void> => Promise.resolve();

vi.mock("node:fs/promises", async (load) => {
  const fs = await load<typeof import("node:fs/promises")>();
  return { ...fs, unlink: (path: string) => beforeUnlink().then(() => fs.unlink(path)) };
});

/** What whoever knocks at the socket of a dead server waits for before it hears of it. */
let beforeRefusal = (): Promise<void> => Promise.resolve();

vi.mock("node:net", async (load) => {
  const net = await load<typeof import("node:net")>();
  const connect = (options: NetConnectOpts): Socket => {
    const knock = net.connect(options);
    const emit = knock.emit.bind(knock) as (event: string, ...told: unknown[]) => boolean;
    const heard = beforeRefusal();
    const late = (event: string, ...told: unknown[]): boolean => {
      if (event !== "error") return emit(event, ...told);
      void heard.then(() => emit(event, ...told));
      return true;
    };
    return Object.assign(knock, { emit: late });
  };
  return { ...net, connect };
});

/** A folder with the socket of a server that died in it. */
async function given() {
  const folder = await mkdtemp(join(tmpdir(), "hawser-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "echo.sock");
  await leaveDead(path);
  return { folder, path };
}

async function leaveDead(path: string): Promise<void> {
  const dying = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
  await promisify(execFile)(process.execPath, ["-e", dying]).catch(() => {});
  expect((await stat(path)).isSocket()).toBe(true);
}

async function start(path: string): Promise<Listener> {
  const listener = await http2Transport().listen(`grpc+unix://${path}`, {
    methods: new Map(),
    invoke: () => Promise.reject(new RpcError(Code.UNIMPLEMENTED, "nothing here")),
  });
  onTestFinished(() => listener.close());
  return listener;
}

/** Those that start, and why the others do not. */
async function startAll(path: string, count: number) {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, () => start(path)));
  const refusals = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
  return { started: count - refusals.length, refusals };
}

function inUse(path: string) {
  return { code: Code.UNAVAILABLE, message: expect.stringMatching(new RegExp(`EADDRINUSE.* ${path}$`)) };
}

describe("servers that start over the socket of one that died", () => {
  test("are not both there, however late the second takes the file away", async () => {
    const { path } = await given();
    const oneListens = new Moment();
    let removals = 0;
    beforeUnlink = () => (++removals === 1 ? Promise.resolve() : oneListens.promise);
    onTestFinished(() => {
      beforeUnlink = () => Promise.resolve();
    });
    const starts = [start(path), start(path)];
    void Promise.any(starts).then(
      () => oneListens.now(),
      () => oneListens.now(),
    );
    const outcomes = await Promise.allSettled(starts);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject(inUse(path));
  });

  test("are not both there, however late one hears that the server before is dead", async () => {
    const { path } = await given();
    const knocked = new Moment();
    const otherListens = new Moment();
    beforeRefusal = () => {
      beforeRefusal = () => Promise.resolve();
      knocked.now();
      return otherListens.promise;
    };
    const late = start(path).catch((reason: unknown) => reason);
    await knocked.promise;
    await start(path);
    otherListens.now();
    expect(await late).toMatchObject(inUse(path));
  });

  test("are one at most, whose file is the only one left, and the others are told that it is in use", async () => {
    for (let round = 0; round < 5; round++) {
      const { folder, path } = await given();
      const { started, refusals } = await startAll(path, 5);
      expect(started).toBe(1);
      for (const refusal of refusals) expect(refusal).toMatchObject(inUse(path));
      expect(await readdir(folder)).toEqual(["echo.sock"]);
      expect(await startAll(path, 1)).toMatchObject({ started: 0 });
    }
  });

  test("claim it each for itself, though they be workers of one cluster, which share what they listen on", async () => {
    const { folder, path } = await given();
    const { ino } = await stat(path);
    const listen = vi.spyOn(Server.prototype, "listen");
    onTestFinished(() => listen.mockRestore());
    await start(path);
    const claim = { path: join(folder, `.${ino.toString(36)}`), exclusive: true };
    expect(listen.mock.calls.map(([where]) => where)).toEqual([{ path }, claim, { path }]);
  });

  test("are not held up by one that died while it took over", async () => {
    const { folder, path } = await given();
    const { ino } = await stat(path);
    await leaveDead(join(folder, `.${ino.toString(36)}`));
    expect(await startAll(path, 3)).toMatchObject({ started: 1 });
    expect(await readdir(folder)).toEqual(["echo.sock"]);
  });
});

describe.skipIf(process.platform === "win32")("a path", () => {
  const mostBytes = process.platform === "linux" ? 107 : 103;

  /** A folder in which a socket has a path of so many bytes. */
  async function givenLong(bytes: number, name: string) {
    const base = await mkdtemp(join(tmpdir(), "hawser-"));
    onTestFinished(() => rm(base, { recursive: true }));
    const folder = join(base, "d".repeat(bytes - Buffer.byteLength(base) - name.length - 2));
    await mkdir(folder);
    return { folder, path: join(folder, name) };
  }

  test("as long as there can be is listened on, and a longer one refused, with nothing made of its beginning", async () => {
    const { path } = await givenLong(mostBytes, "echo.sock");
    await start(path);
    expect((await stat(path)).isSocket()).toBe(true);
    const { folder, path: longer } = await givenLong(mostBytes + 1, "echo.sock");
    await expect(start(longer)).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringContaining("the path of the socket is too long (by 1 bytes)"),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test("beside which a claim has no room is not taken over, and free once its file is removed", async () => {
    const { folder, path } = await givenLong(mostBytes, "s");
    await leaveDead(path);
    for (let times = 0; times < 2; times++) {
      await expect(start(path)).rejects.toMatchObject({
        code: Code.UNAVAILABLE,
        message: expect.stringMatching(/a dead server left its socket there, to be removed by hand: .* too long/),
      });
      expect(await readdir(folder)).toEqual(["s"]);
    }
    await rm(path);
    await start(path);
  });
});
