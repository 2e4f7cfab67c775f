import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../../src/cli/program.js";
import { systemClock } from "../../../src/time/time.js";
import { Capture, nothing } from "../../cli/support/command.js";

const path = "docs/from-monolith.md";
const page = readFileSync(path, "utf8");
const read = (step: string, file: string) => readFileSync(`examples/monolith/${step}/${file}`, "utf8");
/** However it is indented. */
const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");

const snippets = [...page.matchAll(/\]\(([^)]+)\)\n\n```(?:ts|proto)\n(.*?)```/gs)].map(([, file = "", code = ""]) => ({
  file,
  code,
}));
const commands = [...page.matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, block = ""]) => block.trim().split("\n"))
  .map((line) => line.replace(/ +#.*$/, ""));
const hawserCommands = commands.filter((line) => line.includes("npx hawser "));

describe(path, () => {
  it("names the file of each piece of code", () => {
    expect(snippets.length).toBeGreaterThan(10);
    expect([...page.matchAll(/```(?:ts|proto)\n/g)]).toHaveLength(snippets.length);
  });

  it.each(snippets)("shows what is in $file", ({ file, code }) => {
    const whole = lines(readFileSync(join(dirname(path), file), "utf8"));
    for (const piece of code.split("// …\n")) expect(whole).toContain(lines(piece));
  });

  it("links to what is there", () => {
    const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => join(dirname(path), link as string));
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });

  it.each(hawserCommands)("knows what it says: %s", (line) => {
    const { commands: verbs } = createProgram({
      stdin: nothing(),
      stdout: new Capture(),
      stderr: new Capture(),
      env: {},
      signal: new AbortController().signal,
      clock: systemClock,
    });
    const [name, ...words] = line.slice(line.indexOf("npx hawser ") + "npx hawser ".length).split(" ");
    const verb = verbs.find((each) => each.name() === name);
    expect(verb, name).toBeDefined();
    const known = verb?.options.map(({ long }) => long);
    for (const word of words.filter((each) => each.startsWith("--"))) expect(known).toContain(word);
    for (const word of words.filter((each) => each.startsWith("examples/"))) expect(existsSync(word), word).toBe(true);
  });

  it("moves one service into a process of its own as it says", async () => {
    const [, group = ""] = /--group (\S+)/.exec(page) ?? [];
    const args = ["dist/cli/hawser.js", "outline", "examples/monolith/5-apart", "--group", group, "--json"];
    const { stdout } = await run(process.execPath, args);
    const processes: readonly { readonly name: string }[] = JSON.parse(stdout).processes;
    expect(processes.map(({ name }) => name)).toEqual(["rooms", "rest"]);
  });

  it("says of step 3 how many lines it takes", async () => {
    const added = (await difference("2-contracts", "3-first-service")).filter((line) => /^\+(?!\+\+)/.test(line));
    expect(page).toContain(`| one module is a service | ${added.length} lines |`);
  });

  it.each(["accounts", "billing", "bookings", "front", "rooms"])("leaves the handlers of %s to step 5", (module) => {
    const [contracts, first, services] = ["2-contracts", "3-first-service", "4-services"].map((step) => {
      const text = read(step, `${module}.ts`).replace(/^import [^;]*;\n/gm, "");
      return text.split("\nexport const ")[0]?.trim();
    });
    expect(contracts).toContain("export function create");
    expect(first).toBe(contracts);
    expect(services).toBe(contracts);
  });

  it("says what buf says of step 5", async () => {
    expect(await buf("lint", "examples/monolith/proto")).toEqual([]);
    const complaints = await buf("breaking", "examples/monolith/5-apart/proto", "--against", "examples/monolith/proto");
    expect(complaints.filter((line) => !line.includes('changed option "idempotency_level"'))).toEqual([]);
    expect(complaints).toHaveLength(5);
    expect(lines(page)).toContain('it says five times *changed option\n"idempotency_level"*');
  });
});

const run = promisify(execFile);

async function difference(before: string, after: string): Promise<readonly string[]> {
  const { stdout } = await output(run("diff", ["-ru", before, after], { cwd: "examples/monolith" }));
  return stdout.split("\n");
}

async function buf(...args: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await output(run("node_modules/.bin/buf", args));
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

/** Also where it ends with another code than 0, as who has something to say does. */
function output(ran: Promise<{ stdout: string; stderr: string }>): Promise<{ stdout: string; stderr: string }> {
  return ran.catch((error: { stdout: string; stderr: string }) => error);
}
