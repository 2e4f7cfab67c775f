import { describe, expect, it, vi } from "vitest";
import { Program } from "../program.js";

const timeout = 180_000;
const few = { CALLS: "200", CONCURRENCY: "8" };
const demo = (env: { readonly [name: string]: string }) =>
  new Program("examples/shop/demo.ts", [], { KEEP: "", OTEL_EXPORTER_OTLP_ENDPOINT: "", ...env });

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
        / 10 % [\s\S]* 50 % [\s\S]*one inventory is killed, another starts\n[\s\S]*100 %.*\n$/,
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

  it("fails where a process dies that should not have, and says which", { timeout }, async () => {
    await using program = demo({ CALLS: "1000000" });
    await program.says(/^inventory +inventory-/m);
    const orders = program.family().find(({ command }) => command.endsWith("examples/shop/orders.ts"));
    process.kill(orders!.pid, "SIGKILL");

    expect(await program.ended).toBe(1);
    expect(program.stderr).toMatch(/demo: orders ended by itself \(SIGKILL\); the last it said:\n.*"serving"/);
    await vi.waitFor(() => expect(program.family()).toEqual([]), 10_000);
  });

  it("ends at Ctrl-C with everything it has started", { timeout }, async () => {
    await using program = demo({ CALLS: "1000000" });
    await program.says(/^inventory +inventory-/m);
    expect(program.family().length).toBeGreaterThan(5);
    program.signal("SIGINT", "group");

    expect(await program.ended).toBe(130);
    expect(program.stderr).toContain("demo: interrupted (SIGINT)\n");
    await vi.waitFor(() => expect(program.family()).toEqual([]), 10_000);
  });
});
