import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import { createServer } from "../../src/server/server.js";
import { defaultTransportName } from "../../src/service/open-transport.js";
import { resolveOptions } from "../../src/transport/http2/options.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { freePort } from "../support/free-ports.js";
import { environment, Reader, whyNot } from "./reader.js";
import { type Step, stepsOf } from "./tutorial.js";
import { asTheVariableSays, both, ours, theirs } from "./wire-example.js";

const page = readFileSync("docs/wire.md", "utf8");

/** The rows of a section's tables, cell by cell. */
function rowsOf(heading: string): readonly (readonly string[])[] {
  const start = page.indexOf(`\n## ${heading}\n`);
  const section = page.slice(start, page.indexOf("\n## ", start + 1));
  return section
    .split("\n")
    .filter((line) => /^\| `/.test(line))
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));
}

const units: Readonly<Record<string, number>> = { "": 1, ms: 1, s: 1000, KiB: 1024, MiB: 1024 * 1024 };

/** `4 MiB` as bytes, `5 s` as ms. */
function amount(figure: string): number {
  const [, number, unit = ""] = /^([\d.]+) ?(\w*)$/.exec(figure) ?? [];
  return Number(number) * (units[unit] ?? Number.NaN);
}

const limits = rowsOf("Limits and defaults").map(([name = "", figure = ""]) => [name.slice(1, -1), figure] as const);
const resolved: { readonly [option: string]: unknown } = { ...resolveOptions({}) };
const options = limits.filter(([name]) => name in resolved);
const constants = limits.filter(([name]) => !(name in resolved));

/** All of the engine's code. */
const engine = readdirSync("src/transport/http2", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => readFileSync(join("src/transport/http2", file), "utf8"))
  .join("\n");

/** Of a constant that is a product of numbers. */
function productOf(constant: string): number {
  const found = [...engine.matchAll(new RegExp(`^(?:export )?const ${constant}(?:: number)? = ([\\d_ *]+);$`, "gm"))];
  expect(found, `there is one ${constant}`).toHaveLength(1);
  const [[, product = ""] = []] = found;
  const factors = product.split("*").map((factor) => Number(factor.replaceAll("_", "")));
  return factors.reduce((so, factor) => so * factor);
}

describe("the limits of docs/wire.md", () => {
  it.each(options)("%s is %s by default", (option, figure) => {
    const value = resolved[option];
    if (figure === "none") expect([Number.POSITIVE_INFINITY, []]).toContainEqual(value);
    else expect(value).toBe(amount(figure));
  });

  it("are all that have a number, and those of metadata", () => {
    const named = Object.keys(resolved).filter((option) => typeof resolved[option] === "number");
    expect(options.map(([option]) => option).sort()).toEqual([...named, "sensitiveMetadata"].sort());
  });

  it.each(constants)("%s is %s", (constant, figure) => {
    expect(productOf(constant)).toBe(amount(figure));
  });

  it("tell of constants, too", () => expect(constants.length).toBeGreaterThan(10));
});

describe("the examples of docs/wire.md", () => {
  it("are those that are run here", () => {
    const example = readFileSync(new URL("./wire-example.ts", import.meta.url), "utf8");
    const [choice = "", http1 = ""] = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block);
    const [importHttp = "", ...pages] = http1.split("\n\n");
    const whole = `${importHttp}\n${choice.replace('"hawser"', '"../../src/index.js"')}\n${pages.join("\n\n")}`;
    expect(whole).toBe(example);
  });

  it("stand beside what is the default", () => {
    expect(page).toContain(`The default is \`${defaultTransportName}\`.`);
  });

  it("name the transport that they are", () => {
    expect([ours.name, theirs.name]).toEqual(["http2", "grpc-js"]);
    expect(["http2", "grpc-js"]).toContain(asTheVariableSays.name);
  });

  it("serve gRPC and HTTP/1.1 on one port", async () => {
    const server = createServer({ transport: both, address: "grpc://127.0.0.1:0" });
    server.add(EchoServiceDefinition, echo());
    await server.start();
    await using client = createClient(EchoServiceDefinition, { transport: both, target: server.address });
    expect(await client.unary({ text: "over HTTP/2" })).toMatchObject({ text: "over HTTP/2" });
    const request = get(server.address.replace("grpc", "http"), { agent: false });
    const [response] = await once(request, "response");
    expect(await text(response)).toBe("gRPC lives here, too\n");
    await client.close();
    await server.close();
  });
});

describe("the commands of docs/wire.md", () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-reader-"));
  const steps = stepsOf(page.slice(page.indexOf("\n## Looking at it\n")));
  let reader: Reader;

  beforeAll(async () => {
    const instead = { ":50051": `:${await freePort()}` };
    reader = new Reader({ folder: process.cwd(), env: environment(folder), instead });
  });
  afterAll(async () => {
    await reader.leave();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const step of steps) {
    const reason = whyNot(step);
    const title = `${titleOf(step)}${reason === undefined ? "" : ` (not run: ${reason})`}`;
    it.skipIf(reason !== undefined)(title, { timeout: 120_000 }, () => reader.does(step));
  }
});

describe("the links of docs/wire.md", () => {
  const links = [...page.matchAll(/\]\(([^):]+)\)/g)].map(([, link]) => link as string);

  it.each([...new Set(links)])("%s leads somewhere", (link) => {
    const [file, heading] = link.split("#") as [string, string?];
    const path = file === "" ? "docs/wire.md" : join("docs", file);
    expect(existsSync(path)).toBe(true);
    if (heading !== undefined) expect(headingsOf(path)).toContain(heading);
  });
});

/** As links name them. */
function headingsOf(path: string): readonly string[] {
  const headings = [...readFileSync(path, "utf8").matchAll(/^##+ (.*)$/gm)];
  return headings.map(([, heading = ""]) => heading.toLowerCase().replaceAll(" ", "-"));
}

function titleOf(step: Step): string {
  return step.kind === "commands" ? step.commands.map((command) => command.text).join("; ") : step.kind;
}
