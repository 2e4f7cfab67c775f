import { describe, expect, test } from "vitest";
import { jsonCodec } from "../../../src/codec/json.js";
import { protobufCodec } from "../../../src/codec/protobuf.js";
import { codecOf, contentType } from "../../../src/transport/grpc/content-type.js";

const codecs = [protobufCodec, jsonCodec];

describe("content-type", () => {
  test("protobuf goes by the name every server understands, others by their own", () => {
    expect(contentType(protobufCodec)).toBe("application/grpc");
    expect(contentType(jsonCodec)).toBe("application/grpc+json");
  });

  test.each([
    ["application/grpc", protobufCodec],
    ["application/grpc+proto", protobufCodec],
    ["application/grpc+json", jsonCodec],
    ["application/grpc+json; charset=utf-8", jsonCodec],
    ["application/grpc ;x=y", protobufCodec],
  ])("%s asks for its codec", (header, codec) => {
    expect(codecOf(header, codecs)).toBe(codec);
  });

  test.each([
    "",
    "application/json",
    "application/grpc+",
    "application/grpc+xml",
    "application/grpcx",
    "text/grpc",
    "application/grpc-web",
  ])("%j asks for none", (header) => {
    expect(codecOf(header, codecs)).toBeUndefined();
  });

  test("a codec that is not offered is none", () => {
    expect(codecOf("application/grpc+json", [protobufCodec])).toBeUndefined();
  });
});
