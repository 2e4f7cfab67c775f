import { stringify } from "yaml";
import type { AppProcess } from "../../service/service.js";
import type { AppOutline } from "../app/outline.js";
import { manifests, type Workload } from "./manifests.js";
import {
  checkRegistry,
  containerCommand,
  type ExportedFile,
  type ExportOptions,
  externalsNote,
  listenAddress,
  portsOf,
  registryCommand,
  registryName,
  registryPort,
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
 * A file with what all have in common, one for each process of the app, and one for a registry where none is given.
 *
 * @throws TypeError for an option that cannot be, and for a name that Kubernetes does not take
 */
export function exportKubernetes(outline: AppOutline, options: KubernetesOptions): readonly ExportedFile[] {
  const { name, processes } = outline;
  const own = options.registry === undefined ? registryWorkload(outline, options) : undefined;
  const registry = options.registry ?? `hawser://${own?.name}:${registryPort}`;
  checkRegistry(registry, `the secret ${secretsOf(outline)}`);
  const config = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: valuesOf(outline),
      ...(options.namespace !== undefined && { namespace: options.namespace }),
      labels: { "app.kubernetes.io/part-of": name },
    },
    data: { HAWSER_REGISTRY: registry, HAWSER_ADDRESS: listenAddress },
  };
  const notes = [
    `What all processes of the app ${name} share; values, HAWSER_CONFIG_… among them, go in here.`,
    `Secrets go into: kubectl create secret generic ${secretsOf(outline)} --from-env-file=…`,
  ];
  return [
    { path: `${valuesOf(outline)}.yaml`, content: documents(notes, [config]) },
    ...(own === undefined ? [] : [fileOf(own, ["Where the services find each other."])]),
    ...processes.map((each) => fileOf(processWorkload(each, outline, options), externalsNote(outline, each))),
  ];
}

function fileOf(workload: Workload, notes: readonly string[]): ExportedFile {
  return { path: `${workload.name}.yaml`, content: documents(notes, manifests(workload)) };
}

function processWorkload(process: AppProcess, outline: AppOutline, options: KubernetesOptions): Workload {
  const services = servicesOf(outline, process);
  const versions = new Set(services.map(({ version }) => version));
  const [version] = versions.size === 1 ? versions : [];
  return {
    ...surroundings(process.name, outline, options),
    version,
    replicas: process.replicas,
    command: containerCommand(outline, process, options.root),
    ports: portsOf(process).map(({ port }) => port),
    called: services.some(({ contracts }) => contracts.length > 0) ? "pod by pod" : "not at all",
  };
}

/** In the image of the app; what it knew is told again by all when it is started anew. */
function registryWorkload(outline: AppOutline, options: KubernetesOptions): Workload {
  return {
    ...surroundings(registryName(outline), outline, options),
    version: undefined,
    replicas: 1,
    command: registryCommand,
    ports: [registryPort],
    called: "at one address",
  };
}

/** What a workload has of the app that it is part of. */
function surroundings(process: string, outline: AppOutline, { image, namespace }: KubernetesOptions) {
  return {
    name: objectName(outline, process),
    process,
    app: outline.name,
    namespace,
    image: image ?? outline.name,
    values: valuesOf(outline),
    secrets: secretsOf(outline),
  };
}

/** @throws TypeError for one that Kubernetes does not take (RFC 1035, the label of a domain) */
function objectName(outline: AppOutline, process: string): string {
  const name = `${outline.name}-${process}`;
  if (/^[a-z][a-z0-9-]{0,62}$/.test(name)) return name;
  throw new TypeError(`${name}: Kubernetes takes names that begin with a letter and have 63 characters at most`);
}

/** @param notes comments, a line each */
function documents(notes: readonly string[], all: readonly object[]): string {
  const header = notes.map((note) => `# ${note}\n`).join("");
  return header + all.map((each) => stringify(each, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n");
}
