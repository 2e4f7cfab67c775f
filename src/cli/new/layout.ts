import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { UsageError } from "../failure.js";

/** Where the parts of a project are; absolute paths. */
export interface Layout {
  /** The folder with `buf.gen.yaml`. */
  readonly root: string;
  readonly app: string;
  /** Where contracts are. */
  readonly protos: string;
  /** Where buf puts what it generates of them. */
  readonly generated: string;
}

/** As buf's own files say it. @throws UsageError where they do not, or the app is no TypeScript */
export async function layoutOf(app: string): Promise<Layout> {
  if (!/\.m?ts$/.test(app)) throw new UsageError(`${app}: a service is added to an app that is written in TypeScript`);
  const root = above(dirname(app)).find((folder) => existsSync(join(folder, "buf.gen.yaml")));
  if (root === undefined) throw new UsageError(`no buf.gen.yaml in the folders above ${app}; see: hawser new <name>`);
  const generation = await yaml(join(root, "buf.gen.yaml"));
  const plugins = listOf(generation, "plugins");
  const out = plugins.find(({ local }) => local === "protoc-gen-hawser")?.["out"];
  if (typeof out !== "string") {
    throw new UsageError(`${join(root, "buf.gen.yaml")}: expected a plugin with local: protoc-gen-hawser, and its out`);
  }
  const [module] = existsSync(join(root, "buf.yaml")) ? listOf(await yaml(join(root, "buf.yaml")), "modules") : [];
  const path = module?.["path"];
  return { root, app, protos: resolve(root, typeof path === "string" ? path : "."), generated: resolve(root, out) };
}

/** A folder and those it lies in, the nearest first. */
function above(folder: string): readonly string[] {
  return folder === dirname(folder) ? [folder] : [folder, ...above(dirname(folder))];
}

async function yaml(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new UsageError(`${file}: ${(cause as Error).message.split("\n")[0]}`, { cause });
  }
}

/** The objects in a list that should be there. */
function listOf(value: unknown, key: string): readonly { readonly [key: string]: unknown }[] {
  const list = (value as { readonly [key: string]: unknown } | null)?.[key];
  return Array.isArray(list) ? list.filter((each) => typeof each === "object" && each !== null) : [];
}
