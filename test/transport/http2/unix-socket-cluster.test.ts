import { fork } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { folderWithDeadSocket } from "../../support/http2/dead-socket.js";
import type { Outcome } from "./cluster-of-servers.js";

const program = fileURLToPath(new URL("./cluster-of-servers.ts", import.meta.url));

/** @returns starts so many workers more, all at once */
function clusterOn(path: string): (count: number) => Promise<readonly Outcome[]> {
  const primary = fork(program, [`grpc+unix://${path}`], { execArgv: ["--import", "tsx"] });
  const closed = once(primary, "close");
  onTestFinished(async () => {
    primary.kill("SIGKILL");
    await closed;
  });
  return async (count) => {
    primary.send(count);
    const [outcomes] = await once(primary, "message");
    return outcomes;
  };
}

describe("workers of a cluster that start at once over the socket of a dead server", () => {
  test("all listen on it, and so do those that come later", async () => {
    const { folder, path } = await folderWithDeadSocket();
    const start = clusterOn(path);
    expect(await start(3)).toEqual(["listens", "listens", "listens"]);
    expect(await start(1)).toEqual(["listens"]);
    expect(await readdir(folder)).toEqual(["echo.sock"]);
  });

  test("are all told that it is in use, where another cluster has taken it over", async () => {
    const { path } = await folderWithDeadSocket();
    expect(await clusterOn(path)(1)).toEqual(["listens"]);
    const refused = { code: Code.UNAVAILABLE, message: expect.stringMatching(new RegExp(`EADDRINUSE.* ${path}$`)) };
    expect(await clusterOn(path)(2)).toEqual([refused, refused]);
  });
});
