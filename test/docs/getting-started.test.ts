import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "../support/free-ports.js";
import { installPacked } from "../support/packed-hawser.js";
import { environment, Reader, whyNot } from "./reader.js";
import { type Step, stepsOf } from "./tutorial.js";

const page = readFileSync("docs/getting-started.md", "utf8");
const steps = stepsOf(page);
const folder = mkdtempSync(join(tmpdir(), "hawser-reader-"));

/** Stands where Jaeger would, and keeps what it gets. */
const traces: string[] = [];
const collector = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    traces.push(`${request.url} ${Buffer.concat(chunks).toString("latin1")}`);
    response.end();
  });
});

let reader: Reader;

beforeAll(async () => {
  await installPacked(folder);
  const runtime = join(folder, "run");
  mkdirSync(runtime, { mode: 0o700 });
  const [service, registry] = await freePorts(2);
  await once(collector.listen(0, "127.0.0.1"), "listening");
  const { port: traced } = collector.address() as AddressInfo;
  reader = new Reader({
    folder,
    env: environment(runtime),
    instead: { ":50051": `:${service}`, ":7400": `:${registry}`, ":4318": `:${traced}` },
  });
}, 120_000);

afterAll(() => {
  reader?.abandon();
  collector.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("docs/getting-started.md", () => {
  let failed: string | undefined;

  for (const step of steps) {
    const reason = whyNot(step);
    const title = `line ${step.line}: ${titleOf(step)}${reason === undefined ? "" : ` (not run: ${reason})`}`;
    it.skipIf(reason !== undefined)(title, { timeout: 120_000 }, async ({ skip }) => {
      skip(failed !== undefined, `${failed} went wrong`);
      failed = title;
      await reader.does(step);
      failed = undefined;
    });
  }

  it("sends the traces of both services where Jaeger would be", ({ skip }) => {
    skip(failed !== undefined, `${failed} went wrong`);
    const spans = traces.filter((each) => each.startsWith("/v1/traces ")).join("");
    expect(spans).toContain("porter.v1.PorterService/Receive");
    expect(spans).toContain("greeter.v1.GreeterService/SayHello");
  });
});

describe("the links of docs/getting-started.md", () => {
  it.each([...page.matchAll(/\]\(([^):]+)\)/g)].map(([, link]) => link as string))("%s leads somewhere", (link) => {
    expect(existsSync(join("docs", link))).toBe(true);
  });
});

function titleOf(step: Step): string {
  if (step.kind === "commands") return step.commands.map(({ text }) => text).join("; ");
  return step.kind === "file" || step.kind === "contains" ? `${step.kind} ${step.path}` : step.kind;
}
