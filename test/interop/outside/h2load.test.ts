import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { frame } from "../../support/raw-grpc.js";
import { hawserHttp2 } from "../peers.js";
import { missing, run } from "./program.js";

const reason = missing("h2load");

/** https://nghttp2.org/documentation/h2load-howto.html: nghttp2 as a client, with many streams on few connections. */
describe.skipIf(reason !== undefined)(`h2load${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  test.each([
    ["4 connections of 100 streams", ["--clients=4", "--max-concurrent-streams=100"]],
    ["no header tables", ["--clients=2", "--header-table-size=0", "--encoder-header-table-size=0"]],
    ["the smallest windows it has", ["--clients=2", "--window-bits=10", "--connection-window-bits=10"]],
  ])("has every call answered with %s", async (_name, flags) => {
    const folder = await mkdtemp(join(tmpdir(), "hawser-h2load-"));
    const server = await hawserHttp2.serve({ tls: false });
    onTestFinished(async () => {
      await server.close();
      await rm(folder, { recursive: true });
    });
    const body = join(folder, "request");
    await writeFile(body, frame(""));
    const fields = ["--header=content-type: application/grpc", "--header=te: trailers"];
    const url = `${server.address.replace("grpc:", "http:")}/grpc.testing.TestService/EmptyCall`;
    const said = await run("h2load", "--requests=10000", ...flags, ...fields, `--data=${body}`, url);
    expect(said).toContain("10000 succeeded, 0 failed, 0 errored, 0 timeout");
  });
});
