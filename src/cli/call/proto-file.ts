import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServiceDefinition } from "../../contract/contract.js";
import { contractsFrom } from "../../contract/from-descriptors.js";
import { loadContract } from "../../contract/load-contract.js";
import { UsageError } from "../failure.js";
import { linkedDescriptors } from "./linked-descriptors.js";

/** Hawser's own `.proto` files, google.rpc among them: looked in last. */
const ownFiles = fileURLToPath(new URL("../../../proto", import.meta.url));

/**
 * The contracts in a `.proto` file on this machine and in what it imports.
 *
 * @param includeDirs where the file and its imports are looked for, before the working directory and the file's own
 * @throws UsageError where it is not there, does not parse or has no service
 */
export async function contractsOfFile(
  path: string,
  includeDirs: readonly string[],
): Promise<ReadonlyMap<string, ServiceDefinition>> {
  const candidates = [path, ...includeDirs.map((dir) => join(dir, path))];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) throw new UsageError(`--proto ${path}: no such file`);
  const service = firstService(await readFile(found, "utf8"));
  if (service === undefined) throw new UsageError(`--proto ${path}: there is no service in it`);
  try {
    const dirs = [...includeDirs, ".", dirname(found), ownFiles].map((dir) => resolve(dir));
    const { descriptors = "" } = await loadContract(resolve(found), { service, includeDirs: dirs });
    return contractsFrom(linkedDescriptors(Buffer.from(descriptors, "base64")));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const hint = code === "ENOENT" ? "; give the folder that imports start from with -I" : "";
    throw new UsageError(`--proto ${path}: ${message}${hint}`, { cause });
  }
}

/** `loadContract` wants a service by name; whichever it is, all of the file's come along in its descriptors. */
function firstService(source: string): string | undefined {
  const code = source.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, "");
  const name = /\bservice\s+(\w+)\s*\{/.exec(code)?.[1];
  const scope = /\bpackage\s+([\w.]+)\s*;/.exec(code)?.[1];
  return name === undefined || scope === undefined ? name : `${scope}.${name}`;
}
