import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Children } from "../../../examples/shop/demo/children.js";

let children: Children;
beforeEach(() => {
  children = new Children();
});
afterEach(() => children.stopAll(0));

function start(script: string, options: { readonly comeUpMs?: number } = {}) {
  return children.start({ name: "orders", command: process.execPath, args: ["-e", script], ...options });
}

const forEver = "setInterval(() => {}, 1000);";

describe("a child of the demo", () => {
  it("is up once it says so", async () => {
    const child = start(`console.log("one moment"); console.log("up at 7400"); ${forEver}`);
    expect(await child.up((line) => /up at (\d+)/.exec(line)?.[1])).toBe("7400");
    expect(child.running).toBe(true);
  });

  it("that ends before it is up fails with its name and the last it said", async () => {
    const child = start(`console.log("no port left"); console.error("good bye"); process.exitCode = 3;`);
    await expect(child.up(() => undefined)).rejects.toThrow(
      /^orders ended before it was up \(exit code 3\); the last it said:\n[\s\S]*no port left/,
    );
  });

  it("that does not come up in time fails with its name", async () => {
    const child = start(forEver, { comeUpMs: 1 });
    await expect(child.up(() => undefined)).rejects.toThrow(
      /^orders did not come up within 0.001 s; the last it said:/,
    );
  });

  it("that cannot be started at all says why", async () => {
    const child = children.start({ name: "etcd", command: "no-such-program", args: [] });
    await expect(child.up(() => undefined)).rejects.toThrow(/^etcd ended before it was up \(.*ENOENT/);
  });

  it("is missed where it ends by itself", async () => {
    const child = start("console.log('tired')");
    await expect(children.unexpectedEnd).rejects.toThrow(/^orders ended by itself \(exit code 0\)[\s\S]*tired/);
    expect(child.running).toBe(false);
  });

  it("is killed when it is to be, and nobody misses it", async () => {
    const child = start(forEver);
    expect(await children.kill(child)).toBe(true);
    expect(await children.kill(child)).toBe(true);
    await expect(Promise.race([children.unexpectedEnd, "nobody"])).resolves.toBe("nobody");
  });

  it("goes when it is asked to, or is made to", async () => {
    const deaf = start(`process.on("SIGTERM", () => {}); console.log("up"); ${forEver}`);
    await deaf.up((line) => line === "up" || undefined);
    await children.stop([deaf], 0);
    expect(await deaf.ended).toBe("SIGKILL");

    const polite = start(forEver);
    await children.stop([polite]);
    expect(await polite.ended).toBe("SIGTERM");
  });
});
