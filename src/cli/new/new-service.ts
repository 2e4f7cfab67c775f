import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { type AppEntry, addToApp } from "./add-to-app.js";
import { type Layout, layoutOf } from "./layout.js";
import { namesOf } from "./names.js";
import { filesOf, type NewFile } from "./templates.js";
import { writeNew } from "./write-new.js";

export interface NewService {
  /** The project's folder. */
  readonly root: string;
  /** Relative to it. */
  readonly files: readonly string[];
  /** The app file, relative to it. */
  readonly app: string;
  /** What the app file says now, or should. */
  readonly entry: AppEntry;
  /** Why the app file was left as it is; undefined where it has the service. */
  readonly unexpected: string | undefined;
  /** Packages that the new files import and the project does not have. */
  readonly missing: readonly string[];
}

/**
 * Adds a service to an app: contract, handlers and test, and two lines in the app file.
 *
 * @throws UsageError for a name that cannot be, a project that is laid out in another way, and a file that is there; nothing
 *   is written then
 */
export async function newService(name: string, app: string): Promise<NewService> {
  const names = namesOf("new service", name);
  const layout = await layoutOf(app);
  const { root } = layout;
  const files = filesOf("service", names).map((file) => placed(file, layout));
  const source = await readFile(app, "utf8");
  await writeNew(root, files);
  const entry = { identifier: names.camel, module: `./${name}/${name}.js` };
  const changed = addToApp(source, entry);
  if (typeof changed === "string") await writeFile(app, changed);
  return {
    root,
    files: files.map(({ path }) => path),
    app: relative(root, app),
    entry,
    unexpected: typeof changed === "string" ? undefined : changed.unexpected,
    missing: await missingIn(root, ["zod", "vitest"]),
  };
}

/** A file of the template, where this project has such files, with imports of what is elsewhere in it. */
function placed({ path, content }: NewFile, { root, app, protos, generated }: Layout): NewFile {
  const [kind, ...rest] = path.split("/");
  const folder = { proto: protos, src: dirname(app), test: join(root, "test") }[kind as string] as string;
  const file = join(folder, ...rest);
  const from = dirname(file);
  return {
    path: relative(root, file),
    content: content
      .replace('"../gen/', `"${importPath(from, generated)}/`)
      .replace('"../src/app.js"', `"${importPath(from, importedAs(app))}"`),
  };
}

function importPath(from: string, to: string): string {
  const path = relative(from, to).split(sep).join("/");
  return path.startsWith(".") ? path : `./${path}`;
}

function importedAs(file: string): string {
  return file.replace(/ts$/, "js");
}

async function missingIn(root: string, packages: readonly string[]): Promise<readonly string[]> {
  const manifest = join(root, "package.json");
  if (!existsSync(manifest)) return packages;
  const { dependencies, devDependencies } = JSON.parse(await readFile(manifest, "utf8"));
  const has = { ...dependencies, ...devDependencies };
  return packages.filter((each) => has[each] === undefined);
}
