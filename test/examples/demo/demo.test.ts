import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Program } from "../program.js";

const timeout = 180_000;
const few = { CALLS: "200", CONCURRENCY: "8" };

/** Apps are found in a folder of the test's own: of one app there is one at a time. */
let runtime: string;
beforeEach(async () => {
  runtime = await mkdtemp(join(tmpdir(), "hawser-demo-test-"));
});
afterEach(() => rm(runtime, { recursive: true }));

const demo = (env: { readonly [name: string]: string }) =>
  new Program("examples/shop/demo.ts", [], {
    KEEP: "",
    OTEL_EXPORTER_OTLP_ENDPOINT: "",
    XDG_RUNTIME_DIR: runtime,
    ...env,
  });

describe("the demo", () => {
  it.each(["hawser", "etcd"])(
    "survives a kill, with its services in %s, and leaves nothing behind",
    { timeout },
    async (registry) => {
      await using program = demo({ ...few, REGISTRY: registry });
      const code = await program.ended;

      expect(program.stdout).toMatch(/demo: 200 calls, 0 failed, 1 instance killed\n$/);
      expect(code).toBe(0);
      expect(program.stderr).toMatch(
        / 10 % [\s\S]* 50 % [\s\S]*one inventory is killed, its supervisor starts another\n[\s\S]*100 %.*\n$/,
      );
      for (const row of [
        /^storefront +storefront-\w+ +200 +0 +[\d.]+ ms +[\d.]+ ms$/m,
        /^orders +orders-\w+ +200 +0 +[\d.]+ ms +[\d.]+ ms$/m,
        /^inventory +inventory-\w+ +[1-9]\d* +\d+ +[\d.]+ ms +[\d.]+ ms {2}killed$/m,
        /^inventory +inventory-\w+ +[1-9]\d* +\d+ +[\d.]+ ms +[\d.]+ ms$/m,
        /^inventory +inventory-\w+ +[1-9]\d* +\d+ +[\d.]+ ms +[\d.]+ ms {2}started after the kill$/m,
      ]) {
        expect(program.stdout).toMatch(row);
      }
      expect(program.stdout).toMatch(
        /^customers → .*\n└─ storefront ● .*\n[\s\S]*─ orders ● .*\n[\s\S]*─ inventory ● /m,
      );
      await vi.waitFor(() => expect(program.family()).toEqual([]), 10_000);
    },
  );

  it("survives it too where somebody else kills a process", { timeout }, async () => {
    await using program = demo({ ...few, CALLS: "600" });
    await program.says(/ 10 % /);
    const storefront = program.family().find(({ command }) => command.includes("app.ts storefront"));
    process.kill(storefront!.pid, "SIGKILL");

    expect(await program.ended).toBe(0);
    expect(program.stdout).toMatch(/demo: 600 calls, 0 failed, 1 instance killed\n$/);
  });

  it("ends at Ctrl-C with everything it has started", { timeout }, async () => {
    await using program = demo({ CALLS: "1000000" });
    await program.says(/^inventory +inventory-/m);
    expect(program.family().length).toBeGreaterThan(5);
    program.signal("SIGINT", "group");

    expect(await program.ended).toBe(130);
    expect(program.stderr).toContain("demo: interrupted (SIGINT)\n");
    expect(await readdir(runtime)).toEqual([]);
    await vi.waitFor(() => expect(program.family()).toEqual([]), 10_000);
  });
});
