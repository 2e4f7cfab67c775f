import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Names } from "./names.js";

/** One file that is to be written. */
export interface NewFile {
  /** Relative to the project's folder. */
  readonly path: string;
  readonly content: string;
}

/** A project called order-desk, which every new one is made of. Three folders up in `src` and in `dist`. */
const templates = fileURLToPath(new URL("../../../templates/", import.meta.url));

/** npm publishes no file of such a name. */
const dotFiles: readonly string[] = ["gitignore", "dockerignore"];

/** The files of a template, with the name in the place of `order-desk`, however that is spelled. */
export function filesOf(template: "project" | "service", names: Names): readonly NewFile[] {
  const folder = join(templates, template);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => {
      const path = relative(folder, join(parentPath, dotFiles.includes(name) ? `.${name}` : name));
      return { path: spelled(path, names), content: spelled(readFileSync(join(parentPath, name), "utf8"), names) };
    })
    .sort(byPath);
}

export function byPath(some: NewFile, other: NewFile): number {
  return some.path < other.path ? -1 : 1;
}

function spelled(text: string, { kebab, snake, camel, contract }: Names): string {
  const spellings: Readonly<Record<string, string>> = {
    "order-desk": kebab,
    order_desk: snake,
    ORDER_DESK: snake.toUpperCase(),
    orderDesk: camel,
    OrderDeskService: contract,
    // The Node that a service is written on is the one it runs on.
    NODE_MAJOR: process.versions.node.split(".")[0] as string,
  };
  return text
    .replace(
      /order-desk|order_desk|ORDER_DESK|orderDesk|OrderDeskService|NODE_MAJOR/g,
      (each) => spellings[each] as string,
    )
    .replaceAll(`{ "${camel}": `, `{ ${camel}: `); // a key needs no quotes where the name has no dash
}
