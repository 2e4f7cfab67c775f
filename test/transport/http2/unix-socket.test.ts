import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
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

  test("are not held up by one that died while it took over", async () => {
    const { folder, path } = await given();
    const { ino } = await stat(path);
    await leaveDead(join(folder, `.${ino.toString(36)}`));
    expect(await startAll(path, 3)).toMatchObject({ started: 1 });
    expect(await readdir(folder)).toEqual(["echo.sock"]);
  });
});
