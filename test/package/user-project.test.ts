import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, "../..");
if (!existsSync(join(repository, "dist/index.js"))) throw new Error("there is no dist/ to publish: make build");
let project: string;

/** A project as a user has it: Hawser as it is published, its peers beside it, one contract, one program. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "hawser-user-"));
  const modules = join(project, "node_modules");
  await mkdir(join(modules, ".bin"), { recursive: true });
  await mkdir(join(modules, "hawser"));
  const { stdout } = await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", project], {
    cwd: repository,
  });
  await run("tar", ["-xzf", join(project, stdout.trim()), "-C", join(modules, "hawser"), "--strip-components=1"]);
  for (const name of await readdir(join(repository, "node_modules"))) {
    if (!name.startsWith(".")) await symlink(join(repository, "node_modules", name), join(modules, name));
  }
  const plugin = join(modules, "hawser/dist/codegen/protoc-gen-hawser.js");
  await chmod(plugin, 0o755);
  await symlink(plugin, join(modules, ".bin/protoc-gen-hawser"));

  await mkdir(join(project, "proto/greeter/v1"), { recursive: true });
  await copyFile(
    join(repository, "examples/greeter/proto/greeter/v1/greeter.proto"),
    join(project, "proto/greeter/v1/greeter.proto"),
  );
  await writeFile(join(project, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(project, "buf.yaml"), "version: v2\nmodules:\n  - path: proto\n");
  await writeFile(
    join(project, "buf.gen.yaml"),
    "version: v2\nplugins:\n  - local: protoc-gen-hawser\n    out: gen\n    strategy: all\n",
  );
  await writeFile(
    join(project, "greeter.ts"),
    `import { createClient, createServer, grpcJsTransport } from "hawser";
import { GreeterServiceDefinition } from "./gen/greeter/v1/greeter.js";

const transport = grpcJsTransport();
const server = createServer({ transport, address: "grpc://127.0.0.1:0" }).add(GreeterServiceDefinition, {
  sayHello: ({ name }) => ({ text: \`Hello \${name}\` }),
});
await server.start();
const greeter = createClient(GreeterServiceDefinition, { transport, target: server.address });
const { text }: { text: string } = await greeter.sayHello({ name: "Ada" });
console.log(text);
await greeter.close();
await server.close();
`,
  );
  await writeFile(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "es2023",
        strict: true,
        exactOptionalPropertyTypes: true,
        types: ["node"],
        outDir: "out",
      },
      include: ["greeter.ts", "gen"],
    }),
  );
}, 180_000);

afterAll(() => rm(project, { recursive: true, force: true }));

describe("in a project of one's own, the published package", () => {
  it("generates by buf generate alone, compiles strictly, declarations of Hawser included, and runs", {
    timeout: 120_000,
  }, async () => {
    const env = { ...process.env, PATH: `${join(project, "node_modules/.bin")}:${process.env["PATH"]}` };
    await run(join(repository, "node_modules/.bin/buf"), ["generate"], { cwd: project, env });
    await run(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), "-p", project], { cwd: project });
    const { stdout } = await run(process.execPath, ["out/greeter.js"], { cwd: project });
    expect(stdout).toBe("Hello Ada\n");
  });
});
