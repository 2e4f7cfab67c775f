import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServiceDefinition } from "../../contract/contract.js";
import { contractsFrom } from "../../contract/from-descriptors.js";
import { loadContracts } from "../../contract/load-contract.js";
import { UsageError } from "../failure.js";

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
  let contracts: ReadonlyMap<string, ServiceDefinition>;
  try {
    const dirs = [...includeDirs, ".", dirname(found), ownFiles].map((dir) => resolve(dir));
    const loaded = await loadContracts(resolve(found), { includeDirs: dirs });
    contracts = new Map([...loaded].map(([name, { descriptors = "" }]) => [name, strict(name, descriptors)]));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const hint = code === "ENOENT" ? "; give the folder that imports start from with -I" : "";
    throw new UsageError(`--proto ${path}: ${message}${hint}`, { cause });
  }
  if (contracts.size === 0) throw new UsageError(`--proto ${path}: there is no service in it`);
  return contracts;
}

/** The same contract with messages that are their JSON, as strict as those of reflection. */
function strict(name: string, descriptors: string): ServiceDefinition {
  return contractsFrom(Buffer.from(descriptors, "base64")).get(name) as ServiceDefinition;
}
