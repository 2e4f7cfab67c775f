import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import type { ServiceDefinition } from "../contract/contract.js";

interface IndexedFile {
  readonly name: string;
  readonly dependencies: readonly string[];
  /** As the compiler wrote them: options nobody here knows are still in them. */
  readonly bytes: Uint8Array;
}

/** The `.proto` files behind a set of contracts, by file name, by symbol and by extension. */
export class DescriptorIndex {
  readonly #files = new Map<string, IndexedFile>();
  readonly #symbols = new Map<string, IndexedFile>();
  readonly #extensions = new Map<string, Map<number, IndexedFile>>();

  constructor(definitions: readonly ServiceDefinition[]) {
    for (const { descriptors } of definitions) {
      if (descriptors !== undefined) for (const bytes of filesOf(Buffer.from(descriptors, "base64"))) this.#add(bytes);
    }
  }

  /** The file and everything it imports, itself first; undefined where there is none of that name. */
  fileByName(name: string): readonly Uint8Array[] | undefined {
    return this.#withImports(this.#files.get(name));
  }

  /** @param symbol full name of a service, method, message, field, enum, enum value or extension */
  fileBySymbol(symbol: string): readonly Uint8Array[] | undefined {
    return this.#withImports(this.#symbols.get(symbol));
  }

  fileByExtension(message: string, number: number): readonly Uint8Array[] | undefined {
    return this.#withImports(this.#extensions.get(message)?.get(number));
  }

  /** Undefined where the message itself is not known. */
  extensionNumbers(message: string): readonly number[] | undefined {
    if (!this.#symbols.has(message)) return undefined;
    return [...(this.#extensions.get(message)?.keys() ?? [])].sort((a, b) => a - b);
  }

  #withImports(file: IndexedFile | undefined): readonly Uint8Array[] | undefined {
    if (file === undefined) return undefined;
    const found = new Set<IndexedFile>();
    const visit = (each: IndexedFile | undefined): void => {
      if (each === undefined || found.has(each)) return;
      found.add(each);
      for (const dependency of each.dependencies) visit(this.#files.get(dependency));
    };
    visit(file);
    return [...found].map(({ bytes }) => bytes);
  }

  #add(bytes: Uint8Array): void {
    const proto = fromBinary(FileDescriptorProtoSchema, bytes);
    if (this.#files.has(proto.name)) return;
    const file: IndexedFile = { name: proto.name, dependencies: proto.dependency, bytes };
    this.#files.set(proto.name, file);
    for (const symbol of symbolsOf(proto)) this.#symbols.set(symbol, file);
    for (const { extendee, number } of extensionsOf(proto)) {
      const message = extendee.replace(/^\./, "");
      const numbers = this.#extensions.get(message) ?? new Map<number, IndexedFile>();
      this.#extensions.set(message, numbers.set(number, file));
    }
  }
}

/** The files of a `FileDescriptorSet` as they stand in it: field 1, length-delimited. */
function* filesOf(set: Uint8Array): Iterable<Uint8Array> {
  const reader = new BinaryReader(set);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) yield reader.bytes();
    else reader.skip(wireType, field);
  }
}

function* symbolsOf(file: FileDescriptorProto): Iterable<string> {
  const scope = file.package === "" ? "" : `${file.package}.`;
  for (const service of file.service) {
    yield scope + service.name;
    for (const method of service.method) yield `${scope}${service.name}.${method.name}`;
  }
  for (const message of file.messageType) yield* messageSymbols(scope, message);
  yield* enumSymbols(scope, file.enumType);
  for (const extension of file.extension) yield scope + extension.name;
}

function* messageSymbols(scope: string, message: DescriptorProto): Iterable<string> {
  const name = scope + message.name;
  yield name;
  for (const field of [...message.field, ...message.extension]) yield `${name}.${field.name}`;
  for (const oneof of message.oneofDecl) yield `${name}.${oneof.name}`;
  for (const nested of message.nestedType) yield* messageSymbols(`${name}.`, nested);
  yield* enumSymbols(`${name}.`, message.enumType);
}

/** Values of an enum live beside it, not in it: protobuf follows C++ there. */
function* enumSymbols(scope: string, enums: DescriptorProto["enumType"]): Iterable<string> {
  for (const each of enums) {
    yield scope + each.name;
    for (const value of each.value) yield scope + value.name;
  }
}

function* extensionsOf(scope: FileDescriptorProto | DescriptorProto): Iterable<FieldDescriptorProto> {
  yield* scope.extension;
  const nested = "messageType" in scope ? scope.messageType : scope.nestedType;
  for (const message of nested) yield* extensionsOf(message);
}
