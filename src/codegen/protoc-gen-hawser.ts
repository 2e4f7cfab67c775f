#!/usr/bin/env node
/**
 * The plugin `buf generate` runs: ts-proto with the options Hawser's types are built on, and beside every generated
 * service definition its raw descriptors, so that reflection, dynamic JSON and contract options need no second step.
 *
 *   plugins:
 *     - local: protoc-gen-hawser
 *       out: src/gen
 *       strategy: all
 *       opt: [forceLong=string]     # any option of ts-proto, over Hawser's presets
 */
import { readFileSync } from "node:fs";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, CodeGeneratorResponseSchema } from "@bufbuild/protobuf/wkt";
import { findTsProto, generate } from "./generate.js";

try {
  const request = fromBinary(CodeGeneratorRequestSchema, readFileSync(0));
  const response = generate(request, findTsProto(process.cwd()));
  process.stdout.write(toBinary(CodeGeneratorResponseSchema, response));
} catch (error) {
  process.stderr.write(`protoc-gen-hawser: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
