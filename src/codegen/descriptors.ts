import { create, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/**
 * Adds to every service definition in one file of ts-proto's output the descriptors of that file and all it imports:
 * a `google.protobuf.FileDescriptorSet` in base64. Custom options survive byte for byte.
 *
 * @throws Error where the output does not look as expected, so that a new ts-proto can never drop them silently
 */
export function withDescriptors(
  source: string,
  file: FileDescriptorProto,
  all: readonly FileDescriptorProto[],
): string {
  const names = file.service.map((service) => (file.package === "" ? service.name : `${file.package}.${service.name}`));
  if (names.length === 0) return source;
  let result = source;
  for (const name of names) {
    const anchor = `  fullName: "${name}",\n`;
    if (result.split(anchor).length !== 2) {
      throw new Error(`no single definition of ${name} in the output of ts-proto for ${file.name}`);
    }
    result = result.replace(anchor, `${anchor}  descriptors: fileDescriptorSet as string,\n`);
  }
  const first = result.indexOf(
    "export type ",
    result.lastIndexOf("\n}", result.indexOf("descriptors: fileDescriptorSet")),
  );
  const constant = `/** This file and what it imports: a google.protobuf.FileDescriptorSet in base64. */\nconst fileDescriptorSet =\n  "${encode(closure(file, all))}";\n\n`;
  return result.slice(0, first) + constant + result.slice(first);
}

/** The file and everything it imports, imports first. */
function closure(file: FileDescriptorProto, all: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const byName = new Map(all.map((each) => [each.name, each]));
  const found = new Set<FileDescriptorProto>();
  const visit = (each: FileDescriptorProto | undefined): void => {
    if (each === undefined || found.has(each)) return;
    for (const dependency of each.dependency) visit(byName.get(dependency));
    found.add(each);
  };
  visit(file);
  return [...found];
}

function encode(files: readonly FileDescriptorProto[]): string {
  const bare = files.map((file) => {
    const copy = create(FileDescriptorProtoSchema, file);
    delete copy.sourceCodeInfo;
    return copy;
  });
  return Buffer.from(toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: bare }))).toString(
    "base64",
  );
}
