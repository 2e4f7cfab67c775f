import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Interrupted } from "../../src/cli/interruptible.js";
import type { Io } from "../../src/cli/io.js";
import { readOutline } from "../../src/cli/up/read-outline.js";
import { systemClock } from "../../src/time/time.js";
import { relatives } from "../support/relatives.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-outline-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

const blocks = () => vi.waitFor(() => access(join(folder, "started")), 20_000);

/** The process that reads the app is known by this. */
const alive = (file: string) => relatives(`OUTLINE_TEST=${file}`);

async function appThatBlocks(): Promise<string> {
  const file = join(folder, "app.mjs");
  const started = JSON.stringify(join(folder, "started"));
  await writeFile(file, `import { writeFileSync } from "node:fs"; writeFileSync(${started}, ""); for (;;);`);
  process.env["OUTLINE_TEST"] = file;
  return file;
}

function io(signal: AbortSignal): Io {
  const stdout = new PassThrough();
  return { stdin: new PassThrough(), stdout, stderr: stdout, env: {}, signal, clock: systemClock };
}

const asGiven = { replicas: [], group: [] };

describe("reading an app that blocks where it is loaded", () => {
  it("ends at Ctrl-C, and its process with it", { timeout: 30_000 }, async () => {
    const file = await appThatBlocks();
    const stop = new AbortController();
    const reading = readOutline(file, asGiven, io(stop.signal));
    const failed = expect(reading).rejects.toBeInstanceOf(Interrupted);
    await blocks();
    expect(alive(file)).toHaveLength(1);
    stop.abort();

    await failed;
    expect(alive(file)).toEqual([]);
  });

  it("is given up after a while, and says so", { timeout: 30_000 }, async () => {
    const file = await appThatBlocks();
    const timers: (() => void)[] = [];
    const clock = {
      ...systemClock,
      timer: (_ms: number, fire: () => void) => {
        timers.push(fire);
        return { cancel() {} };
      },
    };
    const reading = readOutline(file, asGiven, { ...io(new AbortController().signal), clock });
    const failed = expect(reading).rejects.toThrow(/app\.mjs has not been read within 35 s; does it wait, or compute/);
    await blocks();
    expect(alive(file)).toHaveLength(1);
    for (const fire of timers) fire();

    await failed;
    expect(alive(file)).toEqual([]);
  });
});
