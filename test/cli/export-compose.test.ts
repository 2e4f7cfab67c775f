import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type ComposeOptions, exportCompose } from "../../src/cli/export/compose.js";
import { type Document, problemsOf } from "./export/json-schema.js";
import { divided, root, shop } from "./export/outlines.js";

const schema: Document = parse(readFileSync(new URL("./export/compose-spec.yaml", import.meta.url), "utf8"));

interface Compose {
  readonly services: {
    readonly [name: string]: {
      readonly command: readonly string[];
      readonly environment: { readonly [name: string]: string };
      readonly [key: string]: unknown;
    };
  };
  readonly [key: string]: unknown;
}

function composed(outline = shop, options: Partial<ComposeOptions> = {}): Compose {
  const [file, ...others] = exportCompose(outline, { root, ...options });
  expect(others).toEqual([]);
  expect(file?.path).toBe("compose.yaml");
  const compose = parse(file?.content as string);
  expect(problemsOf(schema, schema, compose, false)).toEqual([]);
  return compose;
}

describe("hawser export compose", () => {
  it("writes a service for each process, in an image of the project", () => {
    const { name, services } = composed();
    expect(name).toBe("shop");
    expect(Object.keys(services)).toEqual(["registry", "warehouse", "orders"]);
    expect(services["orders"]).toMatchObject({
      image: "shop",
      build: ".",
      command: ["node", "node_modules/hawser/dist/cli/hawser.js", "start", "dist/app.js", "orders"],
      deploy: { replicas: 3 },
      restart: "on-failure",
      stop_grace_period: "35s",
      env_file: [{ path: "shop.env", required: false }],
    });
    expect(composed(shop, { image: "registry.example.org/shop:$TAG" }).services["orders"]).toMatchObject({
      image: "registry.example.org/shop:$TAG",
    });
    expect(composed(shop, { image: "a" }).services["orders"]).not.toHaveProperty("build");
  });

  it("brings a registry along in the same image, healthy before they start, which all find each other through", () => {
    const { services, volumes } = composed();
    expect(services["registry"]).toMatchObject({
      image: "shop",
      build: ".",
      command: ["node", "node_modules/hawser/dist/cli/hawser.js", "registry", "--address", "0.0.0.0:7400"],
      healthcheck: {
        test: ["CMD", "node", "node_modules/hawser/dist/cli/hawser.js", "health", "127.0.0.1:7400"],
      },
    });
    expect(volumes).toBeUndefined();
    for (const name of ["warehouse", "orders"]) {
      expect(services[name]?.environment).toEqual({
        HAWSER_REGISTRY: "hawser://registry:7400",
        HAWSER_ADDRESS: "grpc://0.0.0.0:50051",
      });
      expect(services[name]?.["depends_on"]).toMatchObject({ registry: { condition: "service_healthy" } });
    }
    expect(composed(shop, { image: "shop:2" }).services["registry"]).toMatchObject({ image: "shop:2" });
  });

  it("brings etcd along where it is asked to", () => {
    const { services, volumes } = composed(shop, { etcd: true });
    expect(Object.keys(services)).toEqual(["etcd", "warehouse", "orders"]);
    expect(services["etcd"]).toMatchObject({
      image: "quay.io/coreos/etcd:v3.5.21",
      healthcheck: { test: ["CMD", "etcdctl", "endpoint", "health"] },
      volumes: ["etcd:/etcd-data"],
    });
    expect(volumes).toEqual({ etcd: {} });
    expect(services["orders"]).toMatchObject({
      environment: { HAWSER_REGISTRY: "etcd://etcd:2379/shop" },
      depends_on: { etcd: { condition: "service_healthy" } },
    });
    expect(composed(shop, { etcdImage: "etcd:3.6" }).services["etcd"]).toMatchObject({ image: "etcd:3.6" });
  });

  it("brings none where a registry is given", () => {
    const { services, volumes } = composed(shop, { registry: "etcds://10.0.0.1:2379,10.0.0.2:2379/prod$1" });
    expect(Object.keys(services)).toEqual(["warehouse", "orders"]);
    expect(services["orders"]?.environment["HAWSER_REGISTRY"]).toBe("etcds://10.0.0.1:2379,10.0.0.2:2379/prod$$1");
    expect(services["warehouse"]).not.toHaveProperty("depends_on");
    expect(volumes).toBeUndefined();
  });

  it("gives its registry another name where a process has it", () => {
    const named = (name: string) => divided({ name, services: ["orders"], replicas: 1, after: [] });
    const { services } = composed(named("registry"));
    expect(Object.keys(services)).toEqual(["hawser-registry", "registry"]);
    expect(services["registry"]?.environment["HAWSER_REGISTRY"]).toBe("hawser://hawser-registry:7400");
    const etcd = composed(named("etcd"), { etcd: true });
    expect(Object.keys(etcd.services)).toEqual(["shop-etcd", "etcd"]);
    expect(etcd.services["etcd"]?.environment["HAWSER_REGISTRY"]).toBe("etcd://shop-etcd:2379/shop");
    expect(etcd["volumes"]).toEqual({ "shop-etcd": {} });
  });

  it("starts a process after those it needs, but for one that shall have no replica", () => {
    const needsOf = (replicas: number) =>
      composed(
        divided(
          { name: "warehouse", services: ["inventory", "stock-taker"], replicas, after: [] },
          { name: "orders", services: ["orders"], replicas: 1, after: ["warehouse"] },
        ),
      ).services["orders"]?.["depends_on"];
    expect(needsOf(2)).toEqual({
      registry: { condition: "service_healthy" },
      warehouse: { condition: "service_healthy" },
    });
    expect(needsOf(0)).toEqual({ registry: { condition: "service_healthy" } });
  });

  it("gives every service of a process a port of its own, and asks all of them how they are", () => {
    const { services } = composed();
    expect(services["warehouse"]?.command.slice(2)).toEqual([
      "start",
      "dist/app.js",
      "inventory",
      "stock-taker",
      "--address",
      "stock-taker=grpc://0.0.0.0:50052",
    ]);
    expect(services["warehouse"]?.["healthcheck"]).toMatchObject({
      test: expect.arrayContaining(["health", "127.0.0.1:50051", "127.0.0.1:50052"]),
    });
  });

  it("lets no text be taken for a variable", () => {
    const outline = { ...shop, file: "/srv/shop/a $HOME/app.js" };
    expect(composed(outline).services["orders"]?.command[3]).toBe("a $$HOME/app.js");
  });

  it("says what runs elsewhere", () => {
    const [file] = exportCompose(shop, { root });
    expect(file?.content).toContain("# orders calls payments, found in the same registry.\n");
  });

  it("refuses a registry with a password, without repeating it", () => {
    const registry = "etcd://ada:hunter2@10.0.0.1:2379";
    expect(() => exportCompose(shop, { root, registry })).toThrow(
      'registry "etcd://…@10.0.0.1:2379": leave user and password out here, and say the whole as HAWSER_REGISTRY in a compose.override.yaml',
    );
  });

  it("refuses etcd beside a registry that is there already", () => {
    expect(() => exportCompose(shop, { root, registry: "hawser://10.0.0.1:7400", etcd: true })).toThrow(
      "etcd: a registry is given; leave out one of them",
    );
  });

  it("refuses an app file outside of the project", () => {
    expect(() => exportCompose(shop, { root: "/srv/other" })).toThrow(
      "/srv/shop/dist/app.js: the app file must lie in the project's folder, /srv/other",
    );
  });
});

describe("the compose schema of these tests", () => {
  it("refuses what compose refuses", () => {
    const refused = (service: object) => problemsOf(schema, schema, { services: { a: service } }, false);
    expect(refused({ image: "a" })).toEqual([]);
    expect(refused({ imag: "a" })).toEqual(['/services/a: there is no key "imag"']);
    expect(refused({ deploy: { replica: 3 } }).join()).toContain("/services/a/deploy/replica");
    expect(refused({ depends_on: { b: { condition: "healthy" } } })).not.toEqual([]);
    expect(refused({ healthcheck: { retries: [] } })).not.toEqual([]);
    expect(problemsOf(schema, schema, { services: [] }, false)).not.toEqual([]);
    expect(problemsOf(schema, schema, { service: {} }, false)).not.toEqual([]);
  });
});
