import { create } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { withDescriptors } from "../../src/codegen/descriptors.js";
import { findTsProto, generate, withPresets } from "../../src/codegen/generate.js";

describe("findTsProto", () => {
  test("finds ts-proto where the project has it", () => {
    expect(findTsProto(process.cwd())).toMatch(/ts-proto.*protoc-gen-ts_proto$/);
  });

  test("says what to install where the project has it not", () => {
    expect(() => findTsProto("/nowhere")).toThrow(
      "no ts-proto in /nowhere; install it: npm install --save-dev ts-proto",
    );
  });
});

describe("withPresets", () => {
  const options = (parameter: string): Record<string, string> =>
    Object.fromEntries(
      withPresets(parameter)
        .split(",")
        .map((each) => each.split("=") as [string, string]),
    );

  test("sets what Hawser's types are built on", () => {
    expect(options("")).toMatchObject({
      outputServices: "generic-definitions",
      outputTypeAnnotations: "static-only",
      importSuffix: ".js",
      oneof: "unions-value",
    });
  });

  test("lets the user's own options win, and adds others", () => {
    expect(options("forceLong=string,snakeToCamel=false")).toMatchObject({
      forceLong: "string",
      snakeToCamel: "false",
      oneof: "unions-value",
    });
    expect(withPresets("forceLong=string").match(/forceLong/g)).toHaveLength(1);
  });
});

describe("generate", () => {
  test("says so where ts-proto fails, with what it said", () => {
    const request = create(CodeGeneratorRequestSchema, { fileToGenerate: ["a.proto"] });
    expect(() => generate(request, "/nowhere/protoc-gen-ts_proto")).toThrow(/^ts-proto failed: .*\/nowhere/s);
  });
});

describe("withDescriptors", () => {
  const file = create(FileDescriptorProtoSchema, { name: "a.proto", package: "a", service: [{ name: "Orders" }] });

  test("refuses an output it does not understand, lest descriptors be lost without a word", () => {
    expect(() => withDescriptors("export const something = 1;\n", file, [file])).toThrow(
      "no single definition of a.Orders in the output of ts-proto for a.proto",
    );
  });

  test("leaves a file without services as it is", () => {
    const plain = create(FileDescriptorProtoSchema, { name: "b.proto", package: "b" });
    expect(withDescriptors("export interface B {}\n", plain, [plain])).toBe("export interface B {}\n");
  });
});
