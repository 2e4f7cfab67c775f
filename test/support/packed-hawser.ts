import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, "../..");

/**
 * Makes `node_modules` in a folder: Hawser as it is published, and links to what the repository has, with their commands.
 * What `npm install` would do, without a registry.
 */
export async function installPacked(folder: string): Promise<void> {
  if (!existsSync(join(repository, "dist/index.js"))) throw new Error("there is no dist/ to publish: make build");
  const modules = join(folder, "node_modules");
  const hawser = join(modules, "hawser");
  const bin = join(modules, ".bin");
  await mkdir(bin, { recursive: true });
  await mkdir(hawser);
  const { stdout } = await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
    cwd: repository,
  });
  await run("tar", ["-xzf", join(folder, stdout.trim()), "-C", hawser, "--strip-components=1"]);
  const installed = join(repository, "node_modules");
  for (const name of await readdir(installed)) {
    if (!name.startsWith(".")) await symlink(join(installed, name), join(modules, name));
  }
  for (const name of await readdir(join(installed, ".bin"))) {
    await symlink(join(installed, ".bin", name), join(bin, name));
  }
  const commands: Readonly<Record<string, string>> = JSON.parse(
    await readFile(join(hawser, "package.json"), "utf8"),
  ).bin;
  for (const [name, path] of Object.entries(commands)) {
    await chmod(join(hawser, path), 0o755);
    await symlink(join(hawser, path), join(bin, name));
  }
}
