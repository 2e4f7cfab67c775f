import { readFileSync } from "node:fs";
import { defaultTransportName } from "../../service/open-transport.js";

interface Manifest {
  readonly version: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Needed where it runs. */
const runtime: readonly string[] = [
  "@bufbuild/protobuf", // what buf generates imports it
  ...(defaultTransportName === "grpc-js" ? ["@grpc/grpc-js"] : []),
  "zod",
];

/** Needed to make and test it. */
const development = ["@bufbuild/buf", "@types/node", "ts-proto", "tsx", "typescript", "vitest"];

/** What a new project depends on. */
export function dependencies(): readonly string[] {
  return ["hawser", ...runtime, ...development];
}

/** The `package.json` of a new project: this Hawser, and of everything else the versions that it was tested with. */
export function manifestOf(name: string): string {
  const own: Manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  const tested = { ...own.devDependencies, ...own.dependencies };
  const versions = (names: readonly string[]) => names.map((each) => [each, tested[each]] as const);
  const manifest = {
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    engines: own.engines,
    scripts: { build: "buf generate && tsc -p tsconfig.build.json", test: "vitest run" },
    dependencies: Object.fromEntries([...versions(runtime), ["hawser", `^${own.version}`] as const].sort()),
    devDependencies: Object.fromEntries(versions(development)),
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
