import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { createServer, type NetConnectOpts, Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Code, RpcError } from "../../../src/errors/errors.js";
import { type Http2TransportOptions, http2Transport } from "../../../src/transport/http2/http2.js";
import type { Listener } from "../../../src/transport/transport.js";
import { folderWithDeadSocket, leaveDead } from "../../support/http2/dead-socket.js";
import { ManualClock } from "../../support/manual-clock.js";
import { Moment } from "../../support/moment.js";
import { untilResting } from "../../support/pass-time.js";

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

async function start(path: string, options: Http2TransportOptions = {}): Promise<Listener> {
  const listener = await http2Transport(options).listen(`grpc+unix://${path}`, {
    methods: new Map(),
    invoke: () => Promise.reject(new RpcError(Code.UNIMPLEMENTED, "nothing here")),
  });
  onTestFinished(() => listener.close());
  return listener;
}

/** Where somebody says that it replaces the dead one. */
async function claimBeside(path: string): Promise<string> {
  const { ino } = await stat(path);
  return join(dirname(path), `.${ino.toString(36)}`);
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
    const { path } = await folderWithDeadSocket();
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
    const { path } = await folderWithDeadSocket();
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
      const { folder, path } = await folderWithDeadSocket();
      const { started, refusals } = await startAll(path, 5);
      expect(started).toBe(1);
      for (const refusal of refusals) expect(refusal).toMatchObject(inUse(path));
      expect(await readdir(folder)).toEqual(["echo.sock"]);
      expect(await startAll(path, 1)).toMatchObject({ started: 0 });
    }
  });

  test("claim it each for itself, though they be workers of one cluster, which share what they listen on", async () => {
    const { path } = await folderWithDeadSocket();
    const claim = { path: await claimBeside(path), exclusive: true };
    const listen = vi.spyOn(Server.prototype, "listen");
    onTestFinished(() => listen.mockRestore());
    await start(path);
    expect(listen.mock.calls.map(([where]) => where)).toEqual([claim, { path }]);
  });

  describe("while another replaces it", () => {
    /** One that waits for another, which is never done before it is released. */
    async function givenWaiting() {
      const { path } = await folderWithDeadSocket();
      const claim = createServer().listen(await claimBeside(path));
      await once(claim, "listening");
      const release = () => new Promise((resolve) => claim.close(resolve));
      onTestFinished(() => void release());
      const clock = new ManualClock();
      const waiting = start(path, { clock });
      waiting.catch(() => {});
      await untilResting(clock);
      return { path, release, clock, waiting };
    }

    test("wait until it has, and look again", async () => {
      const { release, clock, waiting } = await givenWaiting();
      await release();
      clock.advance(10);
      await waiting;
    });

    test("wait a second at most, and are told that it is in use", async () => {
      const { path, clock, waiting } = await givenWaiting();
      const startedMs = clock.now();
      for (let looks = 1; looks < 100; looks++) {
        clock.advance(10);
        await untilResting(clock);
      }
      clock.advance(10);
      await expect(waiting).rejects.toMatchObject(inUse(path));
      expect(clock.now() - startedMs).toBe(1000);
    });
  });

  test("are not held up by one that died while it took over", async () => {
    const { folder, path } = await folderWithDeadSocket();
    await leaveDead(await claimBeside(path));
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
