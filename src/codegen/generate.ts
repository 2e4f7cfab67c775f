import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { posix } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  CodeGeneratorResponseSchema,
  type CodeGeneratorResponse_File as GeneratedFile,
} from "@bufbuild/protobuf/wkt";
import { withDescriptors } from "./descriptors.js";
import { withoutCopies } from "./without-copies.js";

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

/**
 * What the plugin answers `buf`: the output of ts-proto with descriptors beside each service definition, and without
 * needless copies of bytes.
 *
 * @param tsProto path of ts-proto's plugin; see `findTsProto`
 */
export function generate(request: CodeGeneratorRequest, tsProto: string): CodeGeneratorResponse {
  request.parameter = withPresets(request.parameter);
  const response = runTsProto(request, tsProto);
  const wanted = new Set(request.fileToGenerate.map(outputName));
  response.file = response.file.filter((each) => wanted.has(each.name) || isImported(each, response.file));
  for (const output of response.file) {
    const file = request.protoFile.find((each) => outputName(each.name) === output.name);
    if (file === undefined) continue;
    output.content = withoutCopies(withDescriptors(output.content, file, request.protoFile));
  }
  return response;
}

/** ts-proto as the project in `directory` has it. @throws Error saying what to install where it has none */
export function findTsProto(directory: string): string {
  try {
    return createRequire(`${directory}/`).resolve("ts-proto/protoc-gen-ts_proto");
  } catch (cause) {
    throw new Error(`no ts-proto in ${directory}; install it: npm install --save-dev ts-proto`, { cause });
  }
}

/** `a=1,b=2` over the presets. */
export function withPresets(parameter: string): string {
  const given = parameter.split(",").filter((part) => part !== "");
  const keys = new Set(given.map((part) => part.split("=")[0]));
  const kept = Object.entries(presets).filter(([key]) => !keys.has(key));
  return [...kept.map(([key, value]) => `${key}=${value}`), ...given].join(",");
}

function runTsProto(request: CodeGeneratorRequest, plugin: string): CodeGeneratorResponse {
  const { status, stdout, stderr } = spawnSync(process.execPath, [plugin], {
    input: toBinary(CodeGeneratorRequestSchema, request),
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`ts-proto failed: ${stderr}`);
  return fromBinary(CodeGeneratorResponseSchema, stdout);
}

function outputName(proto: string): string {
  return proto.replace(/\.proto$/, ".ts");
}

/** ts-proto writes every file a contract imports, needed or not: google's descriptor.ts alone has 8,000 lines. */
function isImported(file: GeneratedFile, all: readonly GeneratedFile[]): boolean {
  const module = file.name.replace(/\.ts$/, "");
  return all.some((other) =>
    [...other.content.matchAll(/ from "(\.[^"]*?)(?:\.[jt]s)?"/g)].some(
      ([, path]) => posix.join(posix.dirname(other.name), path as string) === module,
    ),
  );
}
