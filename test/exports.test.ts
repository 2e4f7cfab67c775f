import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readImports } from "./support/imports.js";

const { exports, bin, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
  readonly peerDependencies: Readonly<Record<string, string>>;
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
    "./transport/http2",
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

  it("loads nothing that a program may do without for what composes everything, before that is asked for", () => {
    const all = [".", "./service", "./testing"].map((path) => sourceOf((exports[path] as { default: string }).default));
    const program = `
      import { createRequire } from "node:module";
      for (const file of ${JSON.stringify([...all, "cli/run.ts"])}) await import(process.cwd() + "/src/" + file);
      const files = Object.keys(createRequire(import.meta.url).cache);
      console.log(JSON.stringify(files.map((file) => /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file)?.[1])));
    `;
    const args = ["--import", "tsx", "--input-type=module", "--eval", program];
    const loaded: readonly string[] = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
    expect(loaded).toContain("pino");
    const optional = Object.keys(peerDependencies).filter((name) => name !== "tsx"); // what runs this very program
    expect(optional.filter((name) => loaded.includes(name))).toEqual([]);
  });
});
