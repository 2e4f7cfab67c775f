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
} from "./process.js";

export interface ComposeOptions extends ExportOptions {
  /** The image that has the project in its working directory. Default: as the app is called, built from `context`. */
  readonly image?: string;
  /** The folder with the Dockerfile, relative to where the file goes. Default: there. */
  readonly context?: string;
  /** Default: `quay.io/coreos/etcd:v3.5.21`. */
  readonly etcdImage?: string;
}

/**
 * One `compose.yaml`: a service for each process of the app, and etcd where no registry is given.
 *
 * @throws TypeError for an option that cannot be
 */
export function exportCompose(outline: AppOutline, options: ComposeOptions): readonly ExportedFile[] {
  const { name, processes } = outline;
  const { registry, etcdImage = "quay.io/coreos/etcd:v3.5.21" } = options;
  if (registry !== undefined) checkRegistry(registry, "a compose.override.yaml");
  const etcd = processes.some((each) => each.name === "etcd") ? `${name}-etcd` : "etcd";
  const services = processes.map((each) => [each.name, processService(each, outline, options, etcd)] as const);
  const file = {
    name,
    services: {
      ...(registry === undefined && { [etcd]: etcdService(etcd, etcdImage) }),
      ...Object.fromEntries(services),
    },
    ...(registry === undefined && { volumes: { [etcd]: {} } }),
  };
  const notes = [
    `The app ${name}, whole: docker compose up --build`,
    `Values and secrets, HAWSER_CONFIG_… among them, go into ${name}.env beside this file.`,
    ...processes.flatMap((each) => externalsNote(outline, each)),
  ];
  const header = notes.map((note) => `# ${note}\n`).join("");
  return [{ path: "compose.yaml", content: header + stringify(file, { lineWidth: 0 }) }];
}

function processService(process: AppProcess, outline: AppOutline, options: ComposeOptions, etcd: string): object {
  const { name, processes } = outline;
  const { root, registry, image, context = "." } = options;
  const needed = processes.filter((each) => process.after.includes(each.name) && each.replicas > 0);
  const after = [...(registry === undefined ? [etcd] : []), ...needed.map((each) => each.name)];
  return {
    image: image ?? name,
    ...(image === undefined && { build: context }),
    command: containerCommand(outline, process, root).map(literal),
    environment: {
      HAWSER_REGISTRY: literal(registry ?? `etcd://${etcd}:2379/${name}`),
      HAWSER_ADDRESS: listenAddress,
    },
    env_file: [{ path: `${name}.env`, required: false }],
    ...(after.length > 0 && {
      depends_on: Object.fromEntries(after.map((each) => [each, { condition: "service_healthy" }])),
    }),
    healthcheck: {
      test: ["CMD", ...healthCommand(process)],
      interval: "15s",
      timeout: "5s",
      retries: 3,
      start_period: "30s",
      start_interval: "1s",
    },
    deploy: { replicas: process.replicas },
    restart: "on-failure",
    stop_grace_period: "35s", // 30 s for the running calls, and a little to leave the registry
  };
}

/** Asks the first service; all of a process answer, or none. */
function healthCommand(process: AppProcess): readonly string[] {
  const port = portsOf(process)[0]?.port;
  return ["node", hawserScript, "call", `127.0.0.1:${port}`, "grpc.health.v1.Health/Check"];
}

function etcdService(name: string, image: string): object {
  return {
    image,
    command: [
      "etcd",
      "--data-dir=/etcd-data",
      "--listen-client-urls=http://0.0.0.0:2379",
      `--advertise-client-urls=http://${name}:2379`,
    ],
    volumes: [`${name}:/etcd-data`],
    healthcheck: {
      test: ["CMD", "etcdctl", "endpoint", "health"],
      interval: "10s",
      timeout: "5s",
      retries: 3,
      start_period: "30s",
      start_interval: "1s",
    },
    restart: "on-failure",
  };
}

/** Compose would put variables in the place of `$`. */
function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}
