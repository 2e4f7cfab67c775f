import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readImports } from "./support/imports.js";

const { exports, bin } = JSON.parse(readFileSync("package.json", "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
};
const imports = readImports();
const rooms = Object.entries(exports).filter(
  (entry): entry is [string, { types: string; default: string }] => typeof entry[1] === "object",
);
const sourceOf = (output: string): string => output.replace("./dist/", "").replace(/(\.d)?\.[jt]s$/, ".ts");

/** The packages that are loaded when a file is imported. */
function loads(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  for (const { to, local, typeOnly } of imports.get(file) ?? []) {
    if (typeOnly) continue;
    if (local) for (const name of loads(to, seen)) packages.add(name);
    else if (!to.startsWith("node:")) packages.add(to);
  }
  return packages;
}

describe("the package", () => {
  it.each(rooms)("offers %s, with its types", (_path, { types, default: code }) => {
    expect(existsSync(`src/${sourceOf(code)}`)).toBe(true);
    expect(sourceOf(types)).toBe(sourceOf(code));
  });

  it("offers every interface of a room", () => {
    const interfaces = [...imports.keys()].filter((file) => /^(\w+)\/\1\.ts$/.test(file));
    const offered = rooms.map(([, { default: code }]) => sourceOf(code));
    expect(interfaces.filter((file) => !offered.includes(file))).toEqual([]);
  });

  it("has a file behind every command", () => {
    for (const output of Object.values(bin)) expect(existsSync(`src/${sourceOf(output)}`)).toBe(true);
  });

  it.each([
    "./registry",
    "./registry/memory",
    "./registry/etcd",
    "./registry/hawser",
    "./registry/multi",
    "./registry/dns",
    "./registry/mdns",
    "./registry/kubernetes",
    "./registry/consul",
    "./registry/zookeeper",
    "./registry/driver",
    "./registry/allow-networks",
    "./selector",
    "./transport",
    "./transport/memory",
    "./client",
    "./server",
    "./middleware",
    "./config",
  ])("loads nothing heavy for %s", (path) => {
    const { default: code } = exports[path] as { readonly default: string };
    expect([...loads(sourceOf(code))].filter((name) => name !== "@bufbuild/protobuf")).toEqual([]);
  });

  it("loads the OpenTelemetry API and no SDK for ./telemetry", () => {
    const { default: code } = exports["./telemetry"] as { readonly default: string };
    expect([...loads(sourceOf(code))].sort()).toEqual(["@bufbuild/protobuf", "@opentelemetry/api", "pino"]);
  });
});
