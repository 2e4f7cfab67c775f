import { relative, sep } from "node:path";
import { withoutPassword } from "../../service/registry-url.js";
import type { AppProcess } from "../../service/service.js";
import type { AppOutline, ServiceOutline } from "../app/outline.js";

/** One file of an export. */
export interface ExportedFile {
  /** Relative to where all of them go. */
  readonly path: string;
  readonly content: string;
}

export interface ExportOptions {
  /** The project's folder, which the app file lies in: the one with `package.json` and `node_modules`. */
  readonly root: string;
  /** Where services find each other, where it is there already. Default: an export brings one along, if it can. */
  readonly registry?: string;
}

/** The `hawser` command, from the project's folder. A script that node can run, whatever a package manager makes of `.bin`. */
export const hawserScript = "node_modules/hawser/dist/cli/hawser.js";

/** The port that the first service of a process listens at; the next ones follow. */
const firstPort = 50051;

/** Where everything that has an address of its own listens: a container, a pod. */
export const listenAddress: string = `grpc://0.0.0.0:${firstPort}`;

/** Where the registry that an export brings along listens, and what it is called among the processes of an app. */
export const registryPort = 7400;

export function registryName({ processes }: AppOutline): string {
  return processes.some(({ name }) => name === "registry") ? "hawser-registry" : "registry";
}

/** What node is given to be that registry: the image of the app has all it needs. */
export const registryCommand: readonly string[] = [
  "node",
  hawserScript,
  "registry",
  "--address",
  `0.0.0.0:${registryPort}`,
];

/** A service and the port it listens at, where it has an address of its own. */
export interface ServicePort {
  readonly service: string;
  readonly port: number;
}

export function portsOf({ services }: AppProcess): readonly ServicePort[] {
  return services.map((service, index) => ({ service, port: firstPort + index }));
}

/** What follows `hawser` to start a process whose services choose their ports. */
export function startArguments(outline: AppOutline, process: AppProcess, root: string): readonly string[] {
  return ["start", appFile(outline, root), ...process.services];
}

/** What node is given to start a process that has an address of its own: `HAWSER_ADDRESS` is for its first service. */
export function containerCommand(outline: AppOutline, process: AppProcess, root: string): readonly string[] {
  const others = portsOf(process).slice(1);
  const addresses = others.flatMap(({ service, port }) => ["--address", `${service}=grpc://0.0.0.0:${port}`]);
  return ["node", hawserScript, ...startArguments(outline, process, root), ...addresses];
}

/** Relative to the project's folder. @throws TypeError where it lies elsewhere */
function appFile({ file }: AppOutline, root: string): string {
  const path = relative(root, file).split(sep).join("/");
  if (path.startsWith("../")) throw new TypeError(`${file}: the app file must lie in the project's folder, ${root}`);
  return path;
}

/** The services of a process, with what is known of them. */
export function servicesOf(outline: AppOutline, { services }: AppProcess): readonly ServiceOutline[] {
  return outline.services.filter(({ name }) => services.includes(name));
}

/** What to say of services elsewhere that a process calls, if it does. */
export function externalsNote(outline: AppOutline, process: AppProcess): readonly string[] {
  const externals = new Set(servicesOf(outline, process).flatMap(({ external }) => external));
  return externals.size === 0
    ? []
    : [`${process.name} calls ${[...externals].join(", ")}, found in the same registry.`];
}

/**
 * @param place where the password belongs, which only those read who may
 * @throws TypeError for what is no URL, and for a password that everybody could read who can read the files
 */
export function checkRegistry(url: string, place: string): void {
  const shown = JSON.stringify(withoutPassword(url));
  if (!/^[a-z+]+:\/\/[\x21-\x7e]+$/.test(url))
    throw new TypeError(`registry ${shown}: expected a URL, like etcd://10.0.0.1:2379/shop`);
  if (withoutPassword(url) === url) return;
  throw new TypeError(
    `registry ${shown}: leave user and password out here, and say the whole as HAWSER_REGISTRY in ${place}`,
  );
}
