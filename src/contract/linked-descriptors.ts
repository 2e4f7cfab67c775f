import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { inImportOrder } from "./import-order.js";

/**
 * Makes a proper `FileDescriptorSet` of what protobufjs writes for a `.proto` it has read: there names of types are
 * relative, imports are missing and files stand in any order. The files given are changed.
 *
 * @throws Error where a type is nowhere in the set
 */
export function linkedDescriptors(files: readonly FileDescriptorProto[]): Uint8Array {
  const homes = new Map(files.flatMap((file) => typesOf(file).map((type) => [type, file] as const)));
  for (const file of files) new FileLinker(file, homes).link();
  return inImportOrder(files);
}

class FileLinker {
  readonly #file: FileDescriptorProto;
  readonly #homes: ReadonlyMap<string, FileDescriptorProto>;

  /** @param homes the file of each type, by the type's full name */
  constructor(file: FileDescriptorProto, homes: ReadonlyMap<string, FileDescriptorProto>) {
    this.#file = file;
    this.#homes = homes;
  }

  link(): void {
    const file = this.#file;
    file.extension = []; // nearly always options, and JSON has no use for those
    for (const message of file.messageType) this.#linkMessage(message, scoped(file.package, message.name));
    for (const service of file.service) {
      for (const method of service.method) {
        method.inputType = this.#absolute(method.inputType, file.package);
        method.outputType = this.#absolute(method.outputType, file.package);
      }
    }
  }

  #linkMessage(message: DescriptorProto, scope: string): void {
    message.extension = [];
    message.field = message.field.filter(({ name }) => !name.startsWith(".")); // an extension, seen from what it extends
    for (const field of message.field) this.#linkField(field, scope);
    for (const nested of message.nestedType) this.#linkMessage(nested, scoped(scope, nested.name));
  }

  #linkField(field: FieldDescriptorProto, scope: string): void {
    field.jsonName ||= field.name;
    field.name = snakeCase(field.name);
    if (field.typeName !== "") field.typeName = this.#absolute(field.typeName, scope);
  }

  /** As protobuf resolves names: in the innermost scope that has it. The file it stands in becomes an import. */
  #absolute(name: string, innermost: string): string {
    for (let scope = innermost; ; scope = scope.slice(0, Math.max(0, scope.lastIndexOf(".")))) {
      const full = name.startsWith(".") ? name.slice(1) : scoped(scope, name);
      const home = this.#homes.get(full);
      if (home !== undefined) {
        if (home !== this.#file && !this.#file.dependency.includes(home.name)) this.#file.dependency.push(home.name);
        return `.${full}`;
      }
      if (scope === "" || name.startsWith(".")) throw new Error(`${innermost}: no type ${name}`);
    }
  }
}

function typesOf(file: FileDescriptorProto): readonly string[] {
  const within = (
    scope: string,
    messages: readonly DescriptorProto[],
    enums: readonly EnumDescriptorProto[],
  ): string[] => [
    ...enums.map(({ name }) => scoped(scope, name)),
    ...messages.flatMap((message) => {
      const name = scoped(scope, message.name);
      return [name, ...within(name, message.nestedType, message.enumType)];
    }),
  ];
  return within(file.package, file.messageType, file.enumType);
}

function scoped(scope: string, name: string): string {
  return scope === "" ? name : `${scope}.${name}`;
}

/** Undoes the camel case, so that JSON may name a field either way. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
