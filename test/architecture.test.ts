import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readImports } from "./support/imports.js";

/** Which rooms a room may import; `gen` lies below all of them. The table of docs/architecture.md. */
const allowed: Readonly<Record<string, readonly string[] | "everything">> = {
  errors: [],
  time: [],
  contract: ["errors", "time"],
  codec: ["contract", "errors"],
  registry: ["contract", "codec", "errors", "time"],
  transport: ["contract", "codec", "errors", "time"],
  selector: ["contract", "codec", "errors", "time"],
  config: ["contract", "errors", "time"],
  middleware: ["contract", "errors", "time"],
  telemetry: ["contract", "errors", "time"],
  client: ["contract", "errors", "time", "middleware", "registry", "selector", "transport"],
  server: ["contract", "errors", "time", "middleware", "transport"],
  supervisor: ["contract", "errors", "time"],
  service: "everything",
  testing: "everything",
  cli: "everything",
  codegen: [],
  "index.ts": "everything",
};

/** Rooms of drivers: from outside, only what is no driver may be imported. Drivers are folders, or files named here. */
const driverRooms = ["registry", "transport", "selector"];
const driverFile = /^(\w+\/[\w-]+\/|selector\/(?!selector\.ts))/;

/** The default selector is plain arithmetic and loads nothing: the client may name it. */
const exceptions = new Set(["client/client.ts -> selector/least-loaded.ts"]);

/** The one place that may import a package. */
const doors: Readonly<Record<string, RegExp>> = {
  etcd3: /^registry\/etcd\//,
  "multicast-dns": /^registry\/mdns\//,
  "@grpc/grpc-js": /^transport\/grpc-js\//,
  // The wire is our own: Node's HTTP/2 gives grpc-js's driver its types, and asks whether an etcd is there at all.
  "node:http2": /^(transport\/grpc-js\/|registry\/etcd\/connection\/knock\.ts$)/,
  "@grpc/proto-loader": /^contract\/load-contract\.ts$/,
  "@opentelemetry/api": /^telemetry\//,
  "@opentelemetry/sdk-node": /^telemetry\//,
  pino: /^telemetry\//,
  commander: /^cli\//,
  yaml: /^(config\/file|cli\/|registry\/static\/)/,
};

const imports = readImports();
const roomOf = (file: string): string => file.split("/")[0] as string;
const written = [...imports].filter(([file]) => roomOf(file) !== "gen");

describe("the architecture", () => {
  it("has a rule for every room", () => {
    expect(new Set(written.map(([file]) => roomOf(file)))).toEqual(new Set(Object.keys(allowed)));
  });

  it("lets imports point down only", () => {
    const wrong = edges().filter(({ from, to }) => {
      const rooms = allowed[roomOf(from)];
      return (
        roomOf(to) !== "gen" && roomOf(to) !== roomOf(from) && rooms !== "everything" && !rooms?.includes(roomOf(to))
      );
    });
    expect(wrong).toEqual([]);
  });

  it("keeps everybody who does not compose from naming a driver", () => {
    const wrong = edges()
      .filter(({ from, to }) => {
        const room = roomOf(to);
        const composes = allowed[roomOf(from)] === "everything";
        return driverRooms.includes(room) && roomOf(from) !== room && !composes && driverFile.test(to);
      })
      .map(({ from, to }) => `${from} -> ${to}`)
      .filter((edge) => !exceptions.has(edge));
    expect(wrong).toEqual([]);
  });

  it("keeps drivers from knowing each other", () => {
    const driverOf = (file: string): string | undefined =>
      file.split("/").length > 2 ? file.split("/").slice(0, 2).join("/") : undefined;
    const shared = new Set(["transport/grpc"]);
    const wrong = edges().filter(({ from, to }) => {
      const [a, b] = [driverOf(from), driverOf(to)];
      const inRoom = driverRooms.includes(roomOf(from)) && roomOf(from) === roomOf(to);
      return inRoom && a !== undefined && b !== undefined && a !== b && !shared.has(b);
    });
    expect(wrong).toEqual([]);
  });

  it("has no cycle of files, types included", () => {
    expect(cycles((file) => imports.get(file)?.filter(({ local }) => local) ?? [])).toEqual([]);
  });

  it("has one door for every package", () => {
    const wrong = written.flatMap(([file, all]) =>
      all
        .filter(({ to, local }) => !local && doors[to] !== undefined && !doors[to]?.test(file))
        .map(({ to }) => `${file} imports ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it("imports no package that package.json does not name", () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    const named = new Set(Object.keys({ ...dependencies, ...peerDependencies }));
    const unnamed = [...imports].flatMap(([file, all]) =>
      all
        .filter(({ to, local }) => !local && !to.startsWith("node:") && !named.has(to))
        .map(({ to }) => `${file}: ${to}`),
    );
    expect(unnamed).toEqual([]);
  });
});

function edges(): { readonly from: string; readonly to: string }[] {
  return written.flatMap(([from, all]) => all.filter(({ local }) => local).map(({ to }) => ({ from, to })));
}

/** Every cycle once, as `a -> b -> a`. */
function cycles(next: (file: string) => readonly { readonly to: string }[]): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      return;
    }
    if (done.has(file)) return;
    for (const { to } of next(file)) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}
