import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterEach, describe, expect, it } from "vitest";
import type { Handlers, ServiceDefinition } from "../../src/contract/contract.js";
import { inImportOrder } from "../../src/contract/import-order.js";
import { loadContract } from "../../src/contract/load-contract.js";
import { ServerReflectionDefinition } from "../../src/gen/grpc/reflection/v1/reflection.js";
import { ServerReflectionDefinition as ServerReflectionV1AlphaDefinition } from "../../src/gen/grpc/reflection/v1alpha/reflection.js";
import { DescriptorIndex } from "../../src/server/descriptor-index.js";
import { createServer, type Server } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { hawser } from "./support/command.js";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An echo service without Hawser's own reflection. */
async function serve(add: (server: Server) => void): Promise<string> {
  const server = createServer({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0", reflection: false });
  add(server.add(EchoServiceDefinition, echo()));
  await server.start();
  cleanups.push(() => server.close({ graceMs: 0 }));
  return server.address;
}

type Reflection = Handlers<ServerReflectionDefinition>;

/** Answers with single files, without what they import, as many servers do; and without what every compiler brings along. */
function sparseReflection(): Reflection {
  const index = new DescriptorIndex([EchoServiceDefinition]);
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        const question = request.messageRequest;
        const name = question?.value as string;
        const [file] = (question?.$case === "fileByFilename" ? index.fileByName(name) : index.fileBySymbol(name)) ?? [];
        const messageResponse =
          question?.$case === "listServices"
            ? ({
                $case: "listServicesResponse",
                value: { service: [{ name: EchoServiceDefinition.fullName }] },
              } as const)
            : file === undefined || name.startsWith("google/")
              ? ({ $case: "errorResponse", value: { errorCode: 5, errorMessage: `no ${name}` } } as const)
              : ({ $case: "fileDescriptorResponse", value: { fileDescriptorProto: [Buffer.from(file)] } } as const);
        yield { messageResponse };
      }
    },
  };
}

function file(name: string, ...dependency: string[]): FileDescriptorProto {
  return create(FileDescriptorProtoSchema, { name, dependency });
}

describe("a contract by reflection", () => {
  it("is put together from servers that send one file at a time", async () => {
    const address = await serve((server) => server.add(ServerReflectionDefinition, sparseReflection()));
    const { out, err } = await hawser(["call", address, "Unary", '{"text":"hi"}']);
    expect(err).toBe("");
    expect(JSON.parse(out)).toMatchObject({ text: "hi" });
  });

  it("comes from v1alpha where that is all a server knows", async () => {
    const older = sparseReflection() as unknown as Handlers<ServerReflectionV1AlphaDefinition>;
    const address = await serve((server) => server.add(ServerReflectionV1AlphaDefinition, older));
    const { out } = await hawser(["call", address, "Unary", '{"text":"hi"}']);
    expect(JSON.parse(out)).toMatchObject({ text: "hi" });
  });

  it("cannot be had from a server without it, which says the way out", async () => {
    const address = await serve(() => {});
    expect(await hawser(["call", address, "Unary"])).toEqual({
      code: 1,
      out: "",
      err: "UNIMPLEMENTED: the server has no reflection; give its contract with --proto file.proto\n",
    });
  });

  it("is not waited for where a server invents one import after the other", async () => {
    let number = 0;
    const invent = () => toBinary(FileDescriptorProtoSchema, file(`${number}.proto`, `${++number}.proto`));
    const endless: Reflection = {
      async *serverReflectionInfo(requests) {
        for await (const { messageRequest } of requests) {
          const value = { service: [{ name: "shop.v1.Endless" }] };
          if (messageRequest?.$case === "listServices")
            yield { messageResponse: { $case: "listServicesResponse", value } };
          else
            yield {
              messageResponse: {
                $case: "fileDescriptorResponse",
                value: { fileDescriptorProto: [Buffer.from(invent())] },
              },
            };
        }
      },
    };
    const address = await serve((server) => server.add(ServerReflectionDefinition, endless));
    const { code, err } = await hawser(["call", address, "Endless/Do", "--timeout", "300ms"]);
    expect(code).toBe(1);
    expect(err).toMatch(/^DEADLINE_EXCEEDED: /);
    expect(number).toBeGreaterThan(1);
  });

  it("says what a server could not tell", async () => {
    const broken: Reflection = {
      async *serverReflectionInfo(requests) {
        for await (const { messageRequest } of requests) {
          const value = { service: [{ name: "shop.v1.Gone" }] };
          if (messageRequest?.$case === "listServices")
            yield { messageResponse: { $case: "listServicesResponse", value } };
          else yield { messageResponse: { $case: "errorResponse", value: { errorCode: 5, errorMessage: "lost it" } } };
        }
      },
    };
    const address = await serve((server) => server.add(ServerReflectionDefinition, broken));
    const { code, err } = await hawser(["call", address, "Gone/Do"]);
    expect({ code, err }).toEqual({
      code: 1,
      err: "NOT_FOUND: the server could not tell a file of its contracts by reflection: lost it\n",
    });
  });
});

describe("files in import order", () => {
  const order = (...files: FileDescriptorProto[]) =>
    fromBinary(FileDescriptorSetSchema, inImportOrder(files)).file.map(({ name }) => name);

  it("stand behind what they import, each once", () => {
    expect(order(file("a", "b", "c"), file("b", "c"), file("c"))).toEqual(["c", "b", "a"]);
  });

  it("cannot import each other, nor what is not there", () => {
    expect(() => order(file("a", "b"), file("b", "a"))).toThrow(
      "a imports b imports a: files cannot import each other",
    );
    expect(() => order(file("a", "b"))).toThrow("a imports b, which is not there");
  });
});

describe("a contract from a .proto file", () => {
  const call = (address: string, ...args: readonly string[]) => hawser(["call", address, ...args]);

  it("needs no reflection", async () => {
    const address = await serve(() => {});
    const proto = ["--proto", "test/proto/hawser/test/v1/echo.proto", "-I", "test/proto"];
    const { out, err } = await call(address, "Unary", '{"text":"hi","response_bytes":2}', ...proto);
    expect(err).toBe("");
    expect(JSON.parse(out)).toMatchObject({ text: "hi", payload: "AAA=" });
  });

  it("is looked for in the folders of -I too", async () => {
    const address = await serve(() => {});
    const { code } = await call(address, "Unary", "--proto", "hawser/test/v1/echo.proto", "--include", "test/proto");
    expect(code).toBe(0);
  });

  it("speaks the JSON of protobuf: well-known types, maps, oneofs, enums, 64-bit numbers, bytes, either name of a field", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "everything.proto");
    await writeFile(path, everything);
    await writeFile(
      join(folder, "crate.proto"),
      'syntax = "proto3"; package deep.crates; message Crate { string name = 1; }',
    );

    const definition = (await loadContract(path, { service: "deep.v1.Second" })) as ServiceDefinition;
    const server = createServer({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0", reflection: false });
    server.add(definition, { echo: (request: unknown) => request });
    await server.start();
    cleanups.push(() => server.close({ graceMs: 0 }));

    const message = {
      loadedAt: "2024-01-01T00:00:00Z",
      voyage: "1.500s",
      nickname: "Ada",
      byName: { k: { inner: { depth: 1 } } },
      crate: { name: "c" },
      colour: "RED",
      big: "9007199254740993",
      raw: "AAE=",
      rank: 0,
      list: [1, 2],
      parcel: { depth: 7 },
    };
    const { out, err } = await call(server.address, "Second/Echo", JSON.stringify(message), "--proto", path);
    expect(err).toBe("");
    expect(JSON.parse(out)).toEqual(message);
    const snake = await call(server.address, "Second/Echo", '{"loaded_at":"2024-01-01T00:00:00Z"}', "--proto", path);
    expect(JSON.parse(snake.out)).toMatchObject({ loadedAt: message.loadedAt });
  });

  it("that does not parse is refused, with the line", async () => {
    const path = join(await temporaryFolder(), "broken.proto");
    await writeFile(path, 'syntax = "proto3";\nservice Broken { rpc }');
    const { code, err } = await call("127.0.0.1:9", "Unary", "--proto", path);
    expect(code).toBe(2);
    expect(err).toMatch(/^hawser: --proto .*illegal name '}' .*line 2\)\n$/);
  });

  it.each<[what: string, file: string, message: string]>([
    ["is not there", "nope.proto", "no such file"],
    ["has no service", "proto/google/rpc/status.proto", "there is no service in it"],
    ["imports what is not found", "test/proto/hawser/test/v1/echo.proto", "ENOENT"],
  ])("that %s is refused", async (_what, file, message) => {
    const { code, err } = await call("127.0.0.1:9", "Unary", "--proto", file);
    expect(code).toBe(2);
    expect(err).toMatch(new RegExp(`^hawser: --proto ${file}: .*${message}.*\\n$`));
  });
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-proto-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  return folder;
}

const everything = `
syntax = "proto3";
package deep.v1; // service Comment { }
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/wrappers.proto";
import "crate.proto";
service First { rpc Echo(Cargo) returns (Cargo); }
service Second { rpc Echo(Cargo) returns (Cargo) { option idempotency_level = IDEMPOTENT; } }
enum Colour { NONE = 0; RED = 1; }
message Cargo {
  message Box { Inner inner = 1; message Inner { int32 depth = 1; } }
  google.protobuf.Timestamp loaded_at = 1;
  google.protobuf.Duration voyage = 2;
  google.protobuf.StringValue nickname = 3;
  map<string, Box> by_name = 4;
  crates.Crate crate = 5;
  Colour colour = 6;
  int64 big = 7;
  bytes raw = 8;
  optional int32 rank = 9;
  repeated int32 list = 10;
  oneof content { string note = 11; Box.Inner parcel = 12; }
}
`;
