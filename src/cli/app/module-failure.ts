import { readFile } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { AppError } from "../failure.js";
import { type CodePlace, syntaxErrorPlace } from "./syntax-error-place.js";

/**
 * What importing a user's file failed with, in one line that begins with file and line.
 *
 * @returns AppError where the file has to be changed; Error where its own code threw: that may go well another time
 */
export async function moduleFailure(file: string, reason: unknown): Promise<Error> {
  if (!(reason instanceof Error)) return new Error(`${shown(file)} threw ${inspect(reason)}`, { cause: reason });
  const found = (await misspelt(file, reason)) ?? (await missing(reason));
  if (found !== undefined) return new AppError(found, { cause: reason });
  const frames = framesOf(reason.stack ?? "");
  const thrower = frames.find(({ file: each }) => !isOurs(each));
  const place = thrower === undefined ? shown(file) : at(thrower);
  const refused = reason instanceof TypeError || reason instanceof RangeError;
  // What we refuse is written wrong: a service without a name, a need of nobody.
  if (refused && frames[0] !== undefined && isOurs(frames[0].file)) {
    return new AppError(`${place}: ${reason.message}`, { cause: reason });
  }
  return new Error(`${place}: ${sentence(reason)}`, { cause: reason });
}

/** It is no JavaScript or TypeScript, or imports a name that is not exported. */
async function misspelt(file: string, { name, message, stack = "" }: Error): Promise<string | undefined> {
  const [, source, line, column, text] = /^(.+):(\d+):(\d+): ERROR: (.+)$/m.exec(message) ?? []; // esbuild, in tsx
  if (source !== undefined) return `${shown(source)}:${line}:${column}: ${text}`;
  const [, commonJs] = /Cannot require\(\) ES Module (.+) in a cycle/.exec(message) ?? [];
  if (commonJs !== undefined)
    return `${shown(commonJs)} is loaded as CommonJS: its package.json needs "type": "module"`;
  if (name !== "SyntaxError" || framesOf(stack).some(({ file: each }) => !isOurs(each))) return undefined; // JSON.parse in code that runs
  const [, head, headLine] = /^(.+):(\d+)\n/.exec(stack) ?? [];
  const place =
    head === undefined ? await syntaxErrorPlace(file) : { file: pathOf(head) ?? head, line: Number(headLine) };
  return `${place === undefined ? shown(file) : at(place)}: ${sentence({ name, message })}`;
}

/** It imports what is not there. */
async function missing({ message }: Error): Promise<string | undefined> {
  const [, text = "", from] = /^(.+) imported from (.+)$/s.exec(message) ?? [];
  const file = from === undefined ? undefined : pathOf(from);
  if (file === undefined) return undefined;
  const [, specifier = ""] = /'([^']+)'/.exec(text) ?? [];
  const line = await lineOf(file, specifier);
  const isPackage = text.startsWith("Cannot find package");
  const what = isPackage
    ? `${text}; is it installed?`
    : text.replace(specifier, isAbsolute(specifier) ? shown(specifier) : specifier);
  return `${line === undefined ? shown(file) : at({ file, line })}: ${what}`;
}

/** The first line that imports it: the last part of its name is in both, whatever else was resolved. */
async function lineOf(file: string, specifier: string): Promise<number | undefined> {
  const name = specifier.replace(/^.*[\\/](?=.)/, "").replace(/\.\w+$/, "");
  const text = await readFile(file, "utf8").catch(() => "");
  const index = text
    .split("\n")
    .findIndex((line) => /(?:from|import|require)\b.*['"]/.test(line) && line.includes(name));
  return name === "" || index < 0 ? undefined : index + 1;
}

/** The frames of a stack that are neither Node's nor a package's but Hawser's, from the throw to the import. */
function framesOf(stack: string): readonly CodePlace[] {
  const frames = stack.split("\n").flatMap((each) => {
    const [, source, line] = /^ +at (?:.*\()?((?:file:\/\/)?[^()]+?):(\d+):\d+\)?$/.exec(each) ?? [];
    const file = source === undefined ? undefined : pathOf(source.replace(/^async /, ""));
    return file === undefined ? [] : [{ file, line: Number(line) }];
  });
  const end = frames.findIndex(({ file }) => file.startsWith(importer));
  const imported = end < 0 ? frames : frames.slice(0, end);
  return imported.filter(({ file }) => isOurs(file) || !/[\\/]node_modules[\\/]/.test(file));
}

/** Undefined for what is no file. */
function pathOf(source: string): string | undefined {
  const [plain = ""] = source.split("?");
  if (plain.startsWith("file://")) return fileURLToPath(plain);
  return /^(?:\/|[A-Za-z]:\\)/.test(plain) ? plain : undefined;
}

/** `dist/` or `src/` of Hawser. */
const own = fileURLToPath(new URL("../../", import.meta.url));

/** `load-module.js`, or `.ts`. */
const importer = fileURLToPath(new URL("./load-module.", import.meta.url));

function isOurs(file: string): boolean {
  return file.startsWith(own);
}

function at({ file, line }: CodePlace): string {
  return `${shown(file)}:${line}`;
}

function shown(file: string): string {
  return relative(process.cwd(), pathOf(file) ?? file) || file;
}

function sentence({ name, message }: Pick<Error, "name" | "message">): string {
  return name === "Error" ? message : `${name}: ${message}`;
}
