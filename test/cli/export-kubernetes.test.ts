import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { exportKubernetes, type KubernetesOptions } from "../../src/cli/export/kubernetes.js";
import { type Document, problemsOf } from "./export/json-schema.js";
import { divided, root, shop } from "./export/outlines.js";

const schema: Document = parse(readFileSync(new URL("./export/kubernetes-1.34.yaml", import.meta.url), "utf8"));

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Labels };
  // biome-ignore lint/suspicious/noExplicitAny: the schema has checked what it is
  readonly spec: any;
  readonly data?: object;
}
type Labels = { readonly [name: string]: string };

function problems(manifest: Manifest): readonly string[] {
  const kind = schema.definitions?.[manifest.kind];
  return kind === undefined ? [`there is no ${manifest.kind}`] : problemsOf(schema, kind, manifest, true);
}

/** Every manifest, by `Kind/name`. */
function manifests(outline = shop, options: Partial<KubernetesOptions> = {}): ReadonlyMap<string, Manifest> {
  const files = exportKubernetes(outline, { root, ...options });
  const all = files.flatMap(({ content }) => parseAllDocuments(content).map((document) => document.toJS() as Manifest));
  expect(all.flatMap(problems)).toEqual([]);
  return new Map(all.map((each) => [`${each.kind}/${each.metadata.name}`, each]));
}

const pod = (deployment: string, outline = shop, options: Partial<KubernetesOptions> = {}) =>
  manifests(outline, options).get(`Deployment/${deployment}`)?.spec.template;

describe("hawser export kubernetes", () => {
  it("writes a file for each process, and one with what all have in common", () => {
    expect(exportKubernetes(shop, { root }).map(({ path }) => path)).toEqual([
      "shop-config.yaml",
      "shop-registry.yaml",
      "shop-warehouse.yaml",
      "shop-orders.yaml",
    ]);
    expect([...manifests().keys()]).toEqual([
      "ConfigMap/shop-config",
      "Deployment/shop-registry",
      "Service/shop-registry",
      "Deployment/shop-warehouse",
      "Service/shop-warehouse",
      "Deployment/shop-orders",
      "Service/shop-orders",
      "PodDisruptionBudget/shop-orders",
    ]);
  });

  it("tells every pod of the registry, of its own address, and what the operator has for it", () => {
    expect(manifests().get("ConfigMap/shop-config")?.data).toEqual({
      HAWSER_REGISTRY: "hawser://shop-registry:7400",
      HAWSER_ADDRESS: "grpc://0.0.0.0:50051",
    });
    const registry = "etcd://etcd.infra:2379/prod";
    expect(manifests(shop, { registry }).get("ConfigMap/shop-config")?.data).toMatchObject({
      HAWSER_REGISTRY: registry,
    });
    expect(pod("shop-orders").spec.containers[0]).toMatchObject({
      env: [{ name: "HAWSER_ADVERTISE", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
      envFrom: [{ configMapRef: { name: "shop-config" } }, { secretRef: { name: "shop-secrets", optional: true } }],
    });
  });

  it("brings a registry along in the same image, of which there is never more than one, at an address that stays", () => {
    const all = manifests(shop, { image: "shop:2" });
    const { replicas, strategy, template } = all.get("Deployment/shop-registry")?.spec ?? {};
    expect({ replicas, strategy }).toEqual({ replicas: 1, strategy: { type: "Recreate" } });
    expect(template.spec.containers[0]).toMatchObject({
      image: "shop:2",
      command: ["node", "node_modules/hawser/dist/cli/hawser.js", "registry", "--address", "0.0.0.0:7400"],
      readinessProbe: { grpc: { port: 7400 } },
    });
    const service = all.get("Service/shop-registry")?.spec;
    expect(service).toMatchObject({ ports: [{ port: 7400, targetPort: "grpc" }] });
    expect(service).not.toHaveProperty("clusterIP");
  });

  it("brings none where one is given, and gives its own another name where a process has it", () => {
    expect(manifests(shop, { registry: "etcd://etcd:2379" }).has("Deployment/shop-registry")).toBe(false);
    const outline = divided({ name: "registry", services: ["orders"], replicas: 1, after: [] });
    const all = manifests(outline);
    expect(all.get("ConfigMap/shop-config")?.data).toMatchObject({
      HAWSER_REGISTRY: "hawser://shop-hawser-registry:7400",
    });
    expect(all.has("Service/shop-hawser-registry")).toBe(true);
    expect(all.has("Service/shop-registry")).toBe(true);
  });

  it("starts the services of a process, each at a port of its own", () => {
    const [warehouse] = pod("shop-warehouse").spec.containers;
    expect(warehouse).toMatchObject({ name: "warehouse", image: "shop" });
    expect(warehouse.command).toEqual([
      "node",
      "node_modules/hawser/dist/cli/hawser.js",
      "start",
      "dist/app.js",
      "inventory",
      "stock-taker",
      "--address",
      "stock-taker=grpc://0.0.0.0:50052",
    ]);
    expect(warehouse.ports).toEqual([
      { name: "grpc", containerPort: 50051 },
      { name: "grpc-2", containerPort: 50052 },
    ]);
    expect(pod("shop-orders", shop, { image: "shop:2" }).spec.containers[0].image).toBe("shop:2");
  });

  it("asks by gRPC whether a pod has started, is ready and lives; one that is unwell is not killed for it", () => {
    const [container] = pod("shop-orders").spec.containers;
    expect(container.readinessProbe.grpc).toEqual({ port: 50051 });
    for (const probe of ["startupProbe", "livenessProbe"]) {
      expect(container[probe].grpc).toEqual({ port: 50051, service: "grpc.health.v1.Health" });
    }
    const { periodSeconds, failureThreshold } = container.startupProbe;
    expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(30); // a start may take that long
  });

  it("gives a pod time to stop, and no right it does not need", () => {
    const { spec } = pod("shop-orders");
    expect(spec.terminationGracePeriodSeconds).toBe(40);
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(spec.containers[0].resources.requests).toEqual({ cpu: "100m", memory: "128Mi" });
  });

  it("selects the pods it makes, and no others", () => {
    const all = manifests();
    const labels = (name: string): Labels => all.get(`Deployment/${name}`)?.spec.template.metadata.labels;
    const selectors = [...all.values()].flatMap(({ kind, metadata, spec }) => {
      const selector = kind === "Service" ? spec.selector : spec?.selector?.matchLabels;
      return selector === undefined ? [] : [[metadata.name, selector as Labels] as const];
    });
    expect(selectors).toHaveLength(7);
    for (const [owner, selector] of selectors) {
      const selected = ["shop-registry", "shop-warehouse", "shop-orders"].filter((name) =>
        Object.entries(selector).every(([label, value]) => labels(name)[label] === value),
      );
      expect(selected).toEqual([owner]);
    }
  });

  it("rolls out without taking one away before its successor is there, and spreads and protects replicas", () => {
    const all = manifests();
    const orders = all.get("Deployment/shop-orders")?.spec;
    expect(orders.replicas).toBe(3);
    expect(orders.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    expect(orders.template.spec.topologySpreadConstraints).toHaveLength(1);
    expect(all.get("PodDisruptionBudget/shop-orders")?.spec.maxUnavailable).toBe(1);
    expect(all.get("Deployment/shop-warehouse")?.spec.template.spec).not.toHaveProperty("topologySpreadConstraints");
  });

  it("gives those a name in DNS that somebody can call", () => {
    const all = manifests(
      divided(
        { name: "stock-taker", services: ["stock-taker"], replicas: 1, after: [] },
        { name: "inventory", services: ["inventory"], replicas: 1, after: [] },
      ),
    );
    expect(all.has("Service/shop-stock-taker")).toBe(false);
    expect(all.get("Service/shop-inventory")?.spec).toMatchObject({
      clusterIP: "None",
      ports: [{ name: "grpc", port: 50051, targetPort: "grpc" }],
    });
  });

  it("labels pods with their version where their services have one, in the characters of a label", () => {
    const version = (name: string, outline = shop) => pod(name, outline).metadata.labels["app.kubernetes.io/version"];
    expect(version("shop-orders")).toBe("2.0.0_build.7");
    expect(version("shop-warehouse")).toBe("1.2.0");
    const mixed = divided({ name: "all", services: ["inventory", "orders"], replicas: 1, after: [] });
    expect(version("shop-all", mixed)).toBeUndefined();
  });

  it("writes a namespace where one is given", () => {
    const namespaces = (options: Partial<KubernetesOptions>) =>
      new Set([...manifests(shop, options).values()].map(({ metadata }) => metadata.namespace));
    expect(namespaces({ namespace: "prod" })).toEqual(new Set(["prod"]));
    expect(namespaces({})).toEqual(new Set([undefined]));
  });

  it("lets no text be taken for a variable", () => {
    expect(pod("shop-orders", { ...shop, file: "/srv/shop/$(HOME)/app.js" }).spec.containers[0].command[3]).toBe(
      "$$(HOME)/app.js",
    );
  });

  it("refuses names that Kubernetes does not take, and a registry with a password", () => {
    const long = "a".repeat(60);
    expect(() => exportKubernetes({ ...shop, name: long }, { root })).toThrow(
      `${long}-registry: Kubernetes takes names that begin with a letter and have 63 characters at most`,
    );
    expect(() => exportKubernetes({ ...shop, name: "3d" }, { root })).toThrow("3d-registry: Kubernetes takes");
    expect(() => exportKubernetes(shop, { root, registry: "etcd://ada:hunter2@etcd" })).toThrow(
      "say the whole as HAWSER_REGISTRY in the secret shop-secrets",
    );
  });
});

describe("the Kubernetes schema of these tests", () => {
  it("refuses what a server refuses", () => {
    const deployment = manifests().get("Deployment/shop-orders") as Manifest;
    const changed = (change: (spec: Manifest["spec"]) => void): readonly string[] => {
      const copy = structuredClone(deployment);
      change(copy.spec);
      return problems(copy);
    };
    expect(changed(() => {})).toEqual([]);
    expect(changed((spec) => Object.assign(spec, { replica: 3 }))).toEqual(['/spec: there is no key "replica"']);
    expect(changed((spec) => Object.assign(spec, { replicas: "3" }))).toEqual([
      '/spec/replicas: expected integer, was "3"',
    ]);
    expect(changed((spec) => delete spec.selector)[0]).toContain("/spec: expected selector,template in it");
    expect(problems({ ...deployment, kind: "Deploymnt" })).toEqual(["there is no Deploymnt"]);
    expect(problems({ ...deployment, apiVersion: "apps/v2" } as never)).not.toEqual([]);
  });
});
