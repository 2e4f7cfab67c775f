import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createFileRegistry, fromBinary, getExtension, toBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { methodsOf, type ServiceDefinition } from "../../src/contract/contract.js";

const root = resolve(import.meta.dirname, "../..");

const protos = {
  "shop/v1/options.proto": `
    syntax = "proto3";
    package shop.v1;
    import "google/protobuf/descriptor.proto";
    extend google.protobuf.ServiceOptions { string team = 50001; }
    extend google.protobuf.MethodOptions { Limits limits = 50002; }
    extend google.protobuf.FieldOptions { repeated sint64 marks = 50003; }
    message Limits { repeated string roles = 1; double rate = 2; }
  `,
  "shop/v1/orders.proto": `
    syntax = "proto3";
    package shop.v1;
    import "google/protobuf/timestamp.proto";
    import "shop/v1/options.proto";
    // A comment that is worth reading.
    service OrdersService {
      option (team) = "quay";
      rpc Place(Order) returns (Order) {
        option idempotency_level = IDEMPOTENT;
        option (limits) = { roles: ["a", "b"], rate: 0.25 };
      }
      rpc Follow(Order) returns (stream Order);
    }
    service ReturnsService { rpc Take(Order) returns (Order); }
    message Order { string sku = 1 [(marks) = -7, (marks) = 9]; google.protobuf.Timestamp placed_at = 2; }
  `,
  "shop/v1/money.proto": `
    syntax = "proto3";
    package shop.v1;
    message Money { string currency = 1; int64 cents = 2; }
  `,
  "bare.proto": `
    syntax = "proto3";
    service BareService { rpc Do(Nothing) returns (Nothing); }
    message Nothing {}
  `,
};

const generator = (options: string): string => `
version: v2
plugins:
  - local: [node, --import, tsx, src/codegen/protoc-gen-hawser.ts]
    out: ${options}
    strategy: all
`;

// Compilers are started: on a busy machine that takes its time.
describe("buf generate with protoc-gen-hawser", { timeout: 120_000 }, () => {
  // Inside the repository, so that what is generated finds @bufbuild/protobuf.
  let folder: string;
  let out: string;
  let compiled: FileDescriptorSet;

  const buf = (...args: string[]): { status: number | null; stderr: string } => {
    const { status, stderr } = spawnSync(join(root, "node_modules/.bin/buf"), args, { cwd: root, encoding: "utf8" });
    return { status, stderr };
  };

  beforeAll(async () => {
    await mkdir(join(root, ".hawser"), { recursive: true });
    folder = await mkdtemp(join(root, ".hawser/codegen-"));
    out = join(folder, "gen");
    for (const [name, text] of Object.entries(protos)) {
      await mkdir(dirname(join(folder, "proto", name)), { recursive: true });
      await writeFile(join(folder, "proto", name), text);
    }
    await writeFile(join(folder, "buf.gen.yaml"), generator(out));
    const proto = join(folder, "proto");
    expect(buf("generate", proto, "--template", join(folder, "buf.gen.yaml"))).toMatchObject({ status: 0 });
    const image = join(folder, "image.binpb");
    expect(buf("build", proto, "--exclude-source-info", "--as-file-descriptor-set", "-o", image).status).toBe(0);
    compiled = fromBinary(FileDescriptorSetSchema, await readFile(image));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const definition = async (module: string, name: string): Promise<ServiceDefinition> =>
    (await import(pathToFileURL(join(out, module)).href))[name];

  const descriptorsOf = async (module: string, name: string): Promise<FileDescriptorSet> =>
    fromBinary(FileDescriptorSetSchema, Buffer.from((await definition(module, name)).descriptors ?? "", "base64"));

  const hex = (file: FileDescriptorProto | undefined): string =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file as FileDescriptorProto)).toString("hex");

  test("puts beside each service the descriptors of its file and all that it imports, imports first", async () => {
    const { file } = await descriptorsOf("shop/v1/orders.ts", "OrdersServiceDefinition");
    expect(file.map(({ name }) => name)).toEqual([
      "google/protobuf/timestamp.proto",
      "google/protobuf/descriptor.proto",
      "shop/v1/options.proto",
      "shop/v1/orders.proto",
    ]);
    const other = await definition("shop/v1/orders.ts", "ReturnsServiceDefinition");
    expect(other.descriptors).toBe((await definition("shop/v1/orders.ts", "OrdersServiceDefinition")).descriptors);
  });

  test("keeps them byte for byte as the compiler made them, but for the comments", async () => {
    const { file } = await descriptorsOf("shop/v1/orders.ts", "OrdersServiceDefinition");
    for (const each of file) {
      expect(each.sourceCodeInfo).toBeUndefined();
      expect(hex(each), each.name).toBe(hex(compiled.file.find(({ name }) => name === each.name)));
    }
  });

  test("keeps custom options of service, method and field readable", async () => {
    const set = await descriptorsOf("shop/v1/orders.ts", "OrdersServiceDefinition");
    const types = createFileRegistry(set);
    const extension = (name: string) => types.getExtension(`shop.v1.${name}`)!;
    const service = types.getService("shop.v1.OrdersService")!;
    expect(getExtension(service.proto.options!, extension("team"))).toBe("quay");
    expect(getExtension(service.method["place"]!.proto.options!, extension("limits"))).toMatchObject({
      roles: ["a", "b"],
      rate: 0.25,
    });
    const sku = types.getMessage("shop.v1.Order")!.field["sku"]!;
    expect(getExtension(sku.proto.options!, extension("marks"))).toEqual([-7n, 9n]);
  });

  test("gives definitions that Hawser understands", async () => {
    const methods = methodsOf(await definition("shop/v1/orders.ts", "OrdersServiceDefinition"));
    expect(methods.map(({ path, kind, idempotency }) => [path, kind, idempotency])).toEqual([
      ["/shop.v1.OrdersService/Place", "unary", "idempotent"],
      ["/shop.v1.OrdersService/Follow", "serverStream", "unknown"],
    ]);
    expect(methods[0]?.request.$type).toBe("shop.v1.Order");
    const bare = methodsOf(await definition("bare.ts", "BareServiceDefinition"));
    expect(bare.map(({ path }) => path)).toEqual(["/BareService/Do"]);
  });

  test("leaves a file without services without descriptors", async () => {
    const text = await readFile(join(out, "shop/v1/money.ts"), "utf8");
    expect(text).toContain("export interface Money");
    expect(text).not.toContain("fileDescriptorSet");
  });

  test("leaves out the files of google that nothing needs", async () => {
    expect(await readdir(join(out, "google/protobuf"))).toEqual(["timestamp.ts"]);
    expect(existsSync(join(out, "shop/v1/options.ts"))).toBe(true);
  });

  test("compiles under every strict option of TypeScript that Hawser sets itself", async () => {
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { isolatedDeclarations: true, declaration: true, rootDir: root, skipLibCheck: true },
      include: [join(out, "**/*.ts")],
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/.bin/tsc");
    const { stdout } = spawnSync(tsc, ["--noEmit", "-p", folder], { cwd: root, encoding: "utf8" });
    expect(stdout).toBe("");
  });

  test("takes options of ts-proto over its own", async () => {
    const template = join(folder, "longs.gen.yaml");
    const strings = join(folder, "strings");
    await writeFile(template, `${generator(strings).trimEnd()}\n    opt: [forceLong=string]\n`);
    expect(buf("generate", join(folder, "proto"), "--template", template)).toMatchObject({ status: 0 });
    expect(await readFile(join(strings, "shop/v1/money.ts"), "utf8")).toContain("cents: string");
    expect(await readFile(join(out, "shop/v1/money.ts"), "utf8")).toContain("cents: bigint");
  });

  test("says in one line what is missing where the project has no ts-proto", async () => {
    const plugin = join(root, "src/codegen/protoc-gen-hawser.ts");
    const tsx = join(root, "node_modules/tsx/dist/esm/index.mjs");
    const { status, stderr } = spawnSync(process.execPath, ["--import", tsx, plugin], { cwd: "/", encoding: "utf8" });
    expect(stderr.trim()).toBe("protoc-gen-hawser: no ts-proto in /; install it: npm install --save-dev ts-proto");
    expect(status).toBe(1);
  });
});
