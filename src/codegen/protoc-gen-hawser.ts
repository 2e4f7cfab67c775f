#!/usr/bin/env node
/**
 * The plugin `buf generate` runs: ts-proto with the options Hawser's types are built on, and beside every generated
 * service definition its raw descriptors, so that reflection, dynamic JSON and contract options need no second step.
 *
 *   plugins:
 *     - local: protoc-gen-hawser
 *       out: src/gen
 *       strategy: all
 *       opt: [forceLong=string]     # any option of ts-proto, over the presets below
 *
 * ts-proto does all the generating; this file presets its options and adds one property to its output.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import { withDescriptors } from "./descriptors.js";

/** Small ESM output that compiles under every strict option of TypeScript. */
const presets: Readonly<Record<string, string>> = {
  env: "node",
  importSuffix: ".js",
  outputServices: "generic-definitions",
  outputClientImpl: "false",
  outputTypeAnnotations: "static-only",
  forceLong: "bigint",
  oneof: "unions-value",
  useExactTypes: "false",
  enumsAsLiterals: "true",
};

/** `a=1,b=2` over the presets. */
function options(parameter: string): string {
  const given = parameter.split(",").filter((part) => part !== "");
  const keys = new Set(given.map((part) => part.split("=")[0]));
  const kept = Object.entries(presets).filter(([key]) => !keys.has(key));
  return [...kept.map(([key, value]) => `${key}=${value}`), ...given].join(",");
}

function runTsProto(request: CodeGeneratorRequest): CodeGeneratorResponse {
  let plugin: string;
  try {
    plugin = createRequire(`${process.cwd()}/`).resolve("ts-proto/protoc-gen-ts_proto");
  } catch {
    throw new Error("protoc-gen-hawser needs ts-proto: npm install --save-dev ts-proto");
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [plugin], {
    input: toBinary(CodeGeneratorRequestSchema, request),
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`protoc-gen-hawser: ts-proto failed: ${stderr}`);
  return fromBinary(CodeGeneratorResponseSchema, stdout);
}

function main(): void {
  const request = fromBinary(CodeGeneratorRequestSchema, readFileSync(0));
  request.parameter = options(request.parameter);
  const response = runTsProto(request);
  for (const output of response.file) {
    const file = request.protoFile.find((each) => each.name.replace(/\.proto$/, ".ts") === output.name);
    if (file !== undefined) output.content = withDescriptors(output.content, file, request.protoFile);
  }
  process.stdout.write(toBinary(CodeGeneratorResponseSchema, response));
}

main();
