import { create, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/**
 * A `FileDescriptorSet` in which every file stands behind what it imports, as descriptor libraries want it.
 *
 * @throws Error where an import is missing, or files import each other
 */
export function inImportOrder(files: Iterable<FileDescriptorProto>): Uint8Array {
  const byName = new Map([...files].map((file) => [file.name, file]));
  const ordered = new Set<FileDescriptorProto>();
  const open = new Set<string>();

  const visit = (name: string, importer: string): void => {
    const file = byName.get(name);
    if (file === undefined) throw new Error(`${importer} imports ${name}, which is not there`);
    if (ordered.has(file)) return;
    if (open.has(name)) throw new Error(`${[...open, name].join(" imports ")}: files cannot import each other`);
    open.add(name);
    for (const dependency of file.dependency) visit(dependency, name);
    open.delete(name);
    ordered.add(file);
  };
  for (const name of byName.keys()) visit(name, name);
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...ordered] }));
}
