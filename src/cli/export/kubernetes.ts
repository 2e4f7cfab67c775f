import { stringify } from "yaml";
import type { AppProcess } from "../../service/service.js";
import type { AppOutline } from "../app/outline.js";
import {
  checkRegistry,
  containerCommand,
  type ExportedFile,
  type ExportOptions,
  externalsNote,
  listenAddress,
  portsOf,
  servicesOf,
} from "./process.js";

export interface KubernetesOptions extends ExportOptions {
  /** The image that has the project in its working directory. Default: as the app is called. */
  readonly image?: string;
  /** Default: the one `kubectl` is told. */
  readonly namespace?: string;
}

/** What this app is given beside the files: values here, secrets there. The latter win. */
const valuesOf = (outline: AppOutline): string => `${outline.name}-config`;
const secretsOf = (outline: AppOutline): string => `${outline.name}-secrets`;

/**
 * A file with what all have in common, and one for each process of the app. etcd, or whatever the registry is, is there
 * already.
 *
 * @throws TypeError for an option that cannot be, and for a name that Kubernetes does not take
 */
export function exportKubernetes(outline: AppOutline, options: KubernetesOptions): readonly ExportedFile[] {
  const { name, processes } = outline;
  const { registry = `etcd://etcd:2379/${name}` } = options;
  checkRegistry(registry, `the secret ${secretsOf(outline)}`);
  const config = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(valuesOf(outline), labels(outline), options),
    data: { HAWSER_REGISTRY: registry, HAWSER_ADDRESS: listenAddress },
  };
  const notes = [
    `What all processes of the app ${name} share; values, HAWSER_CONFIG_… among them, go in here.`,
    `Secrets go into: kubectl create secret generic ${secretsOf(outline)} --from-env-file=…`,
  ];
  return [
    { path: `${valuesOf(outline)}.yaml`, content: documents(notes, [config]) },
    ...processes.map((each) => ({
      path: `${objectName(outline, each)}.yaml`,
      content: documents(externalsNote(outline, each), manifests(each, outline, options)),
    })),
  ];
}

function manifests(process: AppProcess, outline: AppOutline, options: KubernetesOptions): readonly object[] {
  const name = objectName(outline, process);
  const isCalled = servicesOf(outline, process).some(({ contracts }) => contracts.length > 0);
  const common = { metadata: metadata(name, labels(outline, process), options) };
  const selector = { matchLabels: selected(outline, process) };
  return [
    { apiVersion: "apps/v1", kind: "Deployment", ...common, spec: deploymentSpec(process, outline, options) },
    ...(isCalled ? [{ apiVersion: "v1", kind: "Service", ...common, spec: serviceSpec(process, outline) }] : []),
    ...(process.replicas > 1
      ? [{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", ...common, spec: { maxUnavailable: 1, selector } }]
      : []),
  ];
}

function deploymentSpec(process: AppProcess, outline: AppOutline, options: KubernetesOptions): object {
  const matchLabels = selected(outline, process);
  const spread = {
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels },
  };
  return {
    replicas: process.replicas,
    selector: { matchLabels },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: { labels: labels(outline, process) },
      spec: {
        containers: [container(process, outline, options)],
        volumes: [{ name: "tmp", emptyDir: {} }],
        ...(process.replicas > 1 && { topologySpreadConstraints: [spread] }),
        terminationGracePeriodSeconds: 40, // 30 s for the running calls, and a little to leave the registry
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000, // "node" in the images of Node
          runAsGroup: 1000,
          seccompProfile: { type: "RuntimeDefault" },
        },
      },
    },
  };
}

function container(process: AppProcess, outline: AppOutline, { root, image }: KubernetesOptions): object {
  const probe = { grpc: { port: portsOf(process)[0]?.port }, timeoutSeconds: 5 };
  return {
    name: process.name,
    image: image ?? outline.name,
    command: containerCommand(outline, process, root).map(literal),
    ports: containerPorts(process).map(({ name, port }) => ({ name, containerPort: port })),
    envFrom: [
      { configMapRef: { name: valuesOf(outline) } },
      { secretRef: { name: secretsOf(outline), optional: true } },
    ],
    env: [{ name: "HAWSER_ADVERTISE", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
    startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 30 },
    readinessProbe: { ...probe, periodSeconds: 5 },
    livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
    resources: { requests: { cpu: "100m", memory: "128Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
}

/** For callers that do not use the registry: without an address of its own, so that they see every pod and share the load themselves. */
function serviceSpec(process: AppProcess, outline: AppOutline): object {
  return {
    clusterIP: "None",
    selector: selected(outline, process),
    ports: containerPorts(process).map(({ name, port }) => ({
      name,
      port,
      targetPort: name,
      appProtocol: "kubernetes.io/h2c",
    })),
  };
}

/** Names of ports have 15 characters at most, which not every service's name has. */
function containerPorts(process: AppProcess): readonly { readonly name: string; readonly port: number }[] {
  return portsOf(process).map(({ port }, index) => ({ name: index === 0 ? "grpc" : `grpc-${index + 1}`, port }));
}

/** @throws TypeError for one that Kubernetes does not take (RFC 1035, the label of a domain) */
function objectName(outline: AppOutline, process: AppProcess): string {
  const name = `${outline.name}-${process.name}`;
  if (/^[a-z][a-z0-9-]{0,62}$/.test(name)) return name;
  throw new TypeError(`${name}: Kubernetes takes names that begin with a letter and have 63 characters at most`);
}

function metadata(name: string, all: object, { namespace }: KubernetesOptions): object {
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: all };
}

/** What tells the pods of a process from all others. Never changes: a Deployment cannot change its selector. */
function selected(outline: AppOutline, process: AppProcess): object {
  return { "app.kubernetes.io/name": process.name, "app.kubernetes.io/part-of": outline.name };
}

function labels(outline: AppOutline, process?: AppProcess): object {
  if (process === undefined) return { "app.kubernetes.io/part-of": outline.name };
  const versions = new Set(servicesOf(outline, process).map(({ version }) => version));
  const [version] = versions.size === 1 ? versions : [];
  return {
    ...selected(outline, process),
    ...(version !== undefined && { "app.kubernetes.io/version": labelValue(version) }),
  };
}

/** Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]/g, "_")
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}

/** Kubernetes would put variables in the place of `$(NAME)`. */
function literal(text: string): string {
  return text.replaceAll("$(", "$$$$(");
}

/** @param notes comments, a line each */
function documents(notes: readonly string[], all: readonly object[]): string {
  const header = notes.map((note) => `# ${note}\n`).join("");
  return header + all.map((each) => stringify(each, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n");
}
