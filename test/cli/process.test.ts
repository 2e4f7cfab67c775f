import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const children: ChildProcessWithoutNullStreams[] = [];

/** The real command, in a process of its own. */
function hawser(...args: readonly string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", "src/cli/hawser.ts", ...args]);
  children.push(child);
  const lines: string[] = [];
  let err = "";
  const reader = createInterface(child.stdout);
  reader.on("line", (line) => lines.push(line));
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const closed = once(child, "close").then(([code, signal]) => ({ code, signal, lines, err }));
  const line = async (): Promise<string> => {
    while (lines.length === 0) await Promise.race([once(reader, "line"), closed]);
    return lines[0] ?? "";
  };
  return { child, line, closed };
}

let registry: ReturnType<typeof hawser>;
let url: string;
let port: string;

beforeAll(async () => {
  registry = hawser("registry", "--address", "127.0.0.1:0", "--json");
  url = (JSON.parse(await registry.line()) as { registry: string }).registry;
  port = url.replace("hawser://", "");
});
afterAll(async () => {
  registry.child.kill("SIGTERM");
  expect(await registry.closed).toMatchObject({ code: 0, signal: null, err: "" });
  for (const child of children) child.kill("SIGKILL");
});

const lease = (id: string) => `{"instance":{"id":"${id}","service":"shop","version":"1.0.0"},"ttlMs":5000}\n`;

describe("the hawser process", () => {
  it("prints its answer and nothing else, and ends with 0", async () => {
    const { closed } = hawser("call", port, "List", "--json");
    expect(await closed).toEqual({ code: 0, signal: null, lines: ['{"services":[]}'], err: "" });
  });

  it("ends with 1 and one line where it fails, without a word of a library", async () => {
    const { closed } = hawser("registry", "--address", port);
    const err = `hawser: ${port} is taken; is a registry running there already? try: hawser list, or another --address\n`;
    expect(await closed).toEqual({ code: 1, signal: null, lines: [], err });
  });

  it("sends what is typed as it is typed, and ends with 130 where that is interrupted", async () => {
    const stream = hawser("call", port, "Register", "--stream", "--json");
    stream.child.stdin.write(lease("shop-1"));
    expect(JSON.parse(await stream.line())).toEqual({ grantedTtlMs: 5000 });
    stream.child.kill("SIGINT");
    expect(await stream.closed).toMatchObject({ code: 130, signal: null, err: "" });
  });

  it("ends with 0 where a watch is interrupted: that is how one ends", async () => {
    const watch = hawser("watch", "ships", "--json", "--registry", url);
    await watch.line();
    watch.child.kill("SIGINT");
    expect(await watch.closed).toMatchObject({ code: 0, signal: null, err: "" });
  });

  it("ends where nobody reads its output any more, as `| head -1` does", async () => {
    const watch = hawser("watch", "shop", "--json", "--registry", url);
    await watch.line();
    watch.child.stdout.destroy();
    const stream = hawser("call", port, "Register", "--stream"); // makes the watch print a line that nobody reads
    stream.child.stdin.write(lease("shop-2"));
    expect(await watch.closed).toMatchObject({ code: 0, signal: null, err: "" });
    stream.child.stdin.end();
    expect(await stream.closed).toMatchObject({ code: 0, err: "" });
  });
});
