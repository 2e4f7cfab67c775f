import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { removeOldest } from "../../../src/server/recording/recording-files.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { recorded, temporaryFolder } from "./recorded.js";

/** A file whose last line was written so many minutes after the first of all. */
async function write(folder: string, name: string, minute: number): Promise<void> {
  await writeFile(join(folder, name), "{}\n");
  await utimes(join(folder, name), minute * 60, minute * 60);
}

/** The number of a process that lives as long as the test, or has ended. */
async function processOf(state: "living" | "ended"): Promise<number> {
  const child: ChildProcess = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(child, "spawn");
  const end = async (): Promise<void> => {
    if (child.kill("SIGKILL")) await once(child, "exit");
  };
  if (state === "living") onTestFinished(end);
  else await end();
  return child.pid as number;
}

const began = "20260101T120000Z";

describe("old recordings", () => {
  it("go but for the newest, whether this process has written them or one that has ended", async () => {
    const folder = await temporaryFolder();
    const [mine, gone] = [process.pid, await processOf("ended")];
    await write(folder, `shop-${began}-${gone}.jsonl`, 1);
    await write(folder, `shop-${began}-${mine}.jsonl`, 2);
    await write(folder, `shop-20260102T000000Z-${gone}.jsonl`, 3);
    await write(folder, `shop-${began}-${mine}.2.jsonl`, 4);
    await removeOldest({ folder, service: "shop", keep: 2 });
    expect((await readdir(folder)).sort()).toEqual([
      `shop-${began}-${mine}.2.jsonl`,
      `shop-20260102T000000Z-${gone}.jsonl`,
    ]);
  });

  it("of one moment go in the order of their numbers", async () => {
    const folder = await temporaryFolder();
    for (const number of ["", ".2", ".9", ".10"]) await write(folder, `shop-${began}-${process.pid}${number}.jsonl`, 1);
    await removeOldest({ folder, service: "shop", keep: 2 });
    expect((await readdir(folder)).sort()).toEqual([
      `shop-${began}-${process.pid}.10.jsonl`,
      `shop-${began}-${process.pid}.9.jsonl`,
    ]);
  });

  it("stay where another process that lives writes them, and do not count", async () => {
    const folder = await temporaryFolder();
    const replica = await processOf("living");
    const files = [`shop-${began}-${replica}.jsonl`, `shop-${began}-${replica}.2.jsonl`];
    for (const [minute, name] of files.entries()) await write(folder, name, minute);
    await write(folder, `shop-${began}-${process.pid}.jsonl`, 5);
    await removeOldest({ folder, service: "shop", keep: 1 });
    expect((await readdir(folder)).sort()).toEqual([...files, `shop-${began}-${process.pid}.jsonl`].sort());
    await removeOldest({ folder, service: "shop", keep: 0 });
    expect((await readdir(folder)).sort()).toEqual(files.sort());
  });

  it("of others stay: of a service whose name begins the same, and what is no recording", async () => {
    const folder = await temporaryFolder();
    const gone = await processOf("ended");
    const others = [`shop-admin-${began}-${gone}.jsonl`, `shop-${began}-${gone}.jsonl.gz`, "shop-notes.jsonl", "notes"];
    for (const name of others) await write(folder, name, 1);
    await removeOldest({ folder, service: "shop", keep: 0 });
    expect((await readdir(folder)).sort()).toEqual(others.sort());
  });

  it("do not pile up however often a service is started", async () => {
    const folder = await temporaryFolder();
    for (let start = 1; start <= 5; start++) {
      const { client, record } = await recorded(EchoServiceDefinition, echo(), { folder, maxFiles: 3 });
      await client.unary({});
      await record.close();
      expect(await readdir(folder)).toHaveLength(Math.min(start, 3));
    }
  });
});
