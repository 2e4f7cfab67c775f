import { stringify } from "yaml";
import type { AppProcess } from "../../service/service.js";
import type { AppOutline } from "../app/outline.js";
import {
  checkRegistry,
  containerCommand,
  type ExportedFile,
  type ExportOptions,
  externalsNote,
  hawserScript,
  listenAddress,
  portsOf,
  registryCommand,
  registryName,
  registryPort,
} from "./process.js";

export interface ComposeOptions extends ExportOptions {
  /** The image that has the project in its working directory. Default: as the app is called, built from `context`. */
  readonly image?: string;
  /** The folder with the Dockerfile, relative to where the file goes. Default: there. */
  readonly context?: string;
  /** Whether the registry that comes along is etcd; the project needs `etcd3` then. Default: false, it is Hawser's own. */
  readonly etcd?: boolean;
  /** Of that etcd. Default: `quay.io/coreos/etcd:v3.5.21`. */
  readonly etcdImage?: string;
}

/** Where the services find each other. */
interface Registry {
  readonly url: string;
  /** The service that it is. Undefined: it is there already. */
  readonly own?: { readonly name: string; readonly service: object; readonly volumes?: object };
}

/**
 * One `compose.yaml`: a service for each process of the app, and a registry where none is given.
 *
 * @throws TypeError for an option that cannot be
 */
export function exportCompose(outline: AppOutline, options: ComposeOptions): readonly ExportedFile[] {
  const { name, processes } = outline;
  const registry = registryOf(outline, options);
  const { own } = registry;
  const services = processes.map((each) => [each.name, processService(each, outline, options, registry)] as const);
  const file = {
    name,
    services: { ...(own && { [own.name]: own.service }), ...Object.fromEntries(services) },
    ...(own?.volumes && { volumes: own.volumes }),
  };
  const notes = [
    `The app ${name}, whole: docker compose up --build`,
    `Values and secrets, HAWSER_CONFIG_… among them, go into ${name}.env beside this file.`,
    ...processes.flatMap((each) => externalsNote(outline, each)),
  ];
  const header = notes.map((note) => `# ${note}\n`).join("");
  return [{ path: "compose.yaml", content: header + stringify(file, { lineWidth: 0, aliasDuplicateObjects: false }) }];
}

/** @throws TypeError for one that is given and cannot be, and for one that is given beside etcd */
function registryOf(outline: AppOutline, options: ComposeOptions): Registry {
  const { registry: given, etcd, etcdImage } = options;
  const isEtcd = etcd || etcdImage !== undefined;
  if (given === undefined) return isEtcd ? etcdRegistry(outline, etcdImage) : ownRegistry(outline, options);
  checkRegistry(given, "a compose.override.yaml");
  if (isEtcd) throw new TypeError("etcd: a registry is given; leave out one of them");
  return { url: given };
}

function processService(
  process: AppProcess,
  outline: AppOutline,
  options: ComposeOptions,
  { url, own }: Registry,
): object {
  const needed = outline.processes.filter((each) => process.after.includes(each.name) && each.replicas > 0);
  const after = [...(own ? [own.name] : []), ...needed.map((each) => each.name)];
  return {
    ...imageOf(outline, options),
    command: containerCommand(outline, process, options.root).map(literal),
    environment: { HAWSER_REGISTRY: literal(url), HAWSER_ADDRESS: listenAddress },
    env_file: [{ path: `${outline.name}.env`, required: false }],
    ...(after.length > 0 && {
      depends_on: Object.fromEntries(after.map((each) => [each, { condition: "service_healthy" }])),
    }),
    healthcheck: healthCheck("15s", askedAt(portsOf(process).map(({ port }) => port))),
    deploy: { replicas: process.replicas },
    restart: "on-failure",
    stop_grace_period: "35s", // a stop takes 27.5 s at most: calls, hooks, leaving the registry
  };
}

/** In the image of the app; what it knew is told again by all when it is started anew. */
function ownRegistry(outline: AppOutline, options: ComposeOptions): Registry {
  const name = registryName(outline);
  const service = {
    ...imageOf(outline, options),
    command: registryCommand,
    healthcheck: healthCheck("10s", askedAt([registryPort])),
    restart: "on-failure",
  };
  return { url: `hawser://${name}:${registryPort}`, own: { name, service } };
}

function etcdRegistry({ name: app, processes }: AppOutline, image = "quay.io/coreos/etcd:v3.5.21"): Registry {
  const name = processes.some((each) => each.name === "etcd") ? `${app}-etcd` : "etcd";
  const service = {
    image,
    command: [
      "etcd",
      "--data-dir=/etcd-data",
      "--listen-client-urls=http://0.0.0.0:2379",
      `--advertise-client-urls=http://${name}:2379`,
    ],
    volumes: [`${name}:/etcd-data`],
    healthcheck: healthCheck("10s", ["etcdctl", "endpoint", "health"]),
    restart: "on-failure",
  };
  return { url: `etcd://${name}:2379/${app}`, own: { name, service, volumes: { [name]: {} } } };
}

function imageOf({ name }: AppOutline, { image, context = "." }: ComposeOptions): object {
  return { image: image ?? name, ...(image === undefined && { build: context }) };
}

function healthCheck(interval: string, command: readonly string[]): object {
  const times = { interval, timeout: "5s", retries: 3, start_period: "30s", start_interval: "1s" };
  return { test: ["CMD", ...command], ...times };
}

/** Fails unless all of them serve. */
function askedAt(ports: readonly number[]): readonly string[] {
  return ["node", hawserScript, "health", ...ports.map((port) => `127.0.0.1:${port}`)];
}

/** Compose would put variables in the place of `$`. */
function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}
