import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../src/cli/program.js";
import { systemClock } from "../../src/time/time.js";
import { Capture, nothing } from "./support/command.js";

const docs = readFileSync("docs/cli.md", "utf8");

function program(): Command {
  const signal = new AbortController().signal;
  return createProgram({
    stdin: nothing(),
    stdout: new Capture(),
    stderr: new Capture(),
    env: {},
    signal,
    clock: systemClock,
  });
}

/** The text under the heading of a verb. */
function section(verb: string): string {
  const start = docs.indexOf(`## \`hawser ${verb}\`\n`);
  expect(start).toBeGreaterThan(-1);
  const end = docs.indexOf("\n## ", start + 1);
  return docs.slice(start, end === -1 ? undefined : end);
}

/** As a shell would: single quotes hold together, the rest is cut at spaces; what is redirected is left out. */
function argumentsOf(line: string): readonly string[] {
  const [command = ""] = line.split(" < ");
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? (plain as string)).slice(2);
}

/** Whether a table explains an option, however wide its columns are. */
function explains(text: string, flags: string): boolean {
  return text.split("\n").some((line) => line.split("|")[1]?.trim() === `\`${flags}\``);
}

const examples = docs.split("\n").filter((line) => line.startsWith("$ hawser "));

describe("docs/cli.md", () => {
  it("has a row for every option that all verbs have", () => {
    const { options } = program();
    expect(options.length).toBeGreaterThan(0);
    const flags = [...options.map((option) => option.flags), "-h, --help"];
    expect(flags.filter((each) => !explains(docs, each))).toEqual([]);
  });

  it.each(program().commands.map((verb) => [verb.name(), verb] as const))(
    "has a section for %s, with an example and a row for every option",
    (name, { options }) => {
      expect(section(name)).toContain(`\n$ hawser ${name}`);
      expect(options.filter(({ flags }) => !explains(section(name), flags))).toEqual([]);
    },
  );

  it("has no section for a verb that is not there", () => {
    const described = [...docs.matchAll(/^## `hawser (\w+)`$/gm)].map(([, verb]) => verb);
    expect(described).toEqual(program().commands.map((verb) => verb.name()));
  });

  it.each(examples)("shows a command line that the program takes: %s", async (line) => {
    const parsed = program();
    for (const verb of parsed.commands) verb.action(() => {});
    await expect(parsed.parseAsync(argumentsOf(line), { from: "user" })).resolves.toBe(parsed);
  });
});
