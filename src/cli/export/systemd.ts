import type { AppProcess } from "../../service/service.js";
import type { AppOutline } from "../app/outline.js";
import { exitCodes } from "../failure.js";
import {
  checkRegistry,
  type ExportedFile,
  type ExportOptions,
  externalsNote,
  hawserScript,
  startArguments,
} from "./process.js";
import { commandWord, settingWord, specifierFree, type Unit, unitPath, unitText } from "./unit.js";

export interface SystemdOptions extends ExportOptions {
  /** The project's folder on the machine that runs the units. Default: `root`. */
  readonly project?: string;
  /** Node on that machine. Default: this process's own. */
  readonly node?: string;
  /** Who runs them. Default: a user that systemd makes for each unit while it runs. */
  readonly user?: string;
}

/** What may be changed and what may be called, as far as V8 and a server allow: no `MemoryDenyWriteExecute`, which a JIT cannot bear. */
const hardening = [
  ["NoNewPrivileges", "yes"],
  ["ProtectSystem", "strict"],
  ["PrivateTmp", "yes"],
  ["PrivateDevices", "yes"],
  ["ProtectClock", "yes"],
  ["ProtectControlGroups", "yes"],
  ["ProtectHostname", "yes"],
  ["ProtectKernelLogs", "yes"],
  ["ProtectKernelModules", "yes"],
  ["ProtectKernelTunables", "yes"],
  ["CapabilityBoundingSet", ""],
  ["LockPersonality", "yes"],
  ["RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"], // netlink: how Node lists the machine's addresses
  ["RestrictNamespaces", "yes"],
  ["RestrictRealtime", "yes"],
  ["RestrictSUIDSGID", "yes"],
  ["SystemCallArchitectures", "native"],
  ["UMask", "0077"],
] as const;

const ownRegistry = "127.0.0.1:7400";

/** What all units have in common; nothing is left to choose. */
interface Surroundings {
  readonly outline: AppOutline;
  readonly root: string;
  /** Undefined: one comes along. */
  readonly registry: string | undefined;
  readonly project: string;
  readonly node: string;
  readonly user: string | undefined;
}

/**
 * Units for one machine: a template for each process of the app, whose instances are its replicas, and a target for the
 * whole. Where no registry is given, one comes along.
 *
 * @throws TypeError for an option that cannot be
 */
export function exportSystemd(outline: AppOutline, options: SystemdOptions): readonly ExportedFile[] {
  const { root, registry, project = root, node = process.execPath, user } = options;
  if (registry !== undefined) checkRegistry(registry, environmentFile(outline));
  if (user !== undefined && !/^[A-Za-z_][\w.-]*$/.test(user)) {
    throw new TypeError(`user: expected the name of a user, was ${JSON.stringify(user)}`);
  }
  const around = { outline, root, registry, project: unitPath("project", project), node: unitPath("node", node), user };
  return [
    { path: `${outline.name}.target`, content: target(around) },
    ...(registry === undefined ? [{ path: registryUnit(outline), content: registryService(around) }] : []),
    ...outline.processes.map((each) => ({
      path: `${outline.name}-${each.name}@.service`,
      content: processService(each, around),
    })),
  ];
}

function target({ outline, registry }: Surroundings): string {
  const { name, processes } = outline;
  const units = [
    ...(registry === undefined ? [registryUnit(outline)] : []),
    ...processes.flatMap((each) => instances(name, each)),
  ];
  const notes = [
    `The app ${name}, whole: systemctl enable --now ${name}.target`,
    `One more of a process: systemctl enable --now ${name}-${processes[0]?.name}@${(processes[0]?.replicas ?? 0) + 1}`,
  ];
  return unitText(notes, [
    ["Unit", [["Description", name], ...units.map((unit) => ["Wants", unit] as const)]],
    ["Install", [["WantedBy", "multi-user.target"]]],
  ]);
}

function registryService(around: Surroundings): string {
  const { name } = around.outline;
  const notes = [`Where the services of ${name} find each other, on this machine alone.`];
  return unitText(notes, service(around, `${name}: the registry`, ["registry", "--address", ownRegistry], [], "%p"));
}

function processService(process: AppProcess, around: Surroundings): string {
  const { outline, root, registry } = around;
  const { name } = outline;
  const needed = outline.processes.filter((each) => process.after.includes(each.name));
  const after = [
    ...(registry === undefined ? [registryUnit(outline)] : []),
    ...needed.flatMap((each) => instances(name, each)),
  ];
  const description = `${name}: ${process.services.join(", ")} (%i)`;
  return unitText(
    [...externalsNote(outline, process), `Values and secrets, HAWSER_CONFIG_… among them: ${environmentFile(outline)}`],
    service(around, description, startArguments(outline, process, root), after, "%p/%i"),
  );
}

function service(
  around: Surroundings,
  description: string,
  args: readonly string[],
  after: readonly string[],
  state: string,
): Unit {
  const { outline, registry, project, node, user } = around;
  const { name } = outline;
  const url = registry ?? `hawser://${ownRegistry}`;
  return [
    [
      "Unit",
      [
        ["Description", description],
        ["PartOf", `${name}.target`],
        ["Wants", "network-online.target"],
        ["After", "network-online.target"],
        ...after.map((unit) => ["After", unit] as const),
        ["StartLimitIntervalSec", "30"],
        ["StartLimitBurst", "5"],
      ],
    ],
    [
      "Service",
      [
        ["Type", "exec"],
        ["WorkingDirectory", specifierFree(project)],
        ["ExecStart", [node, `${project}/${hawserScript}`, ...args].map(commandWord).join(" ")],
        ["Environment", settingWord(`HAWSER_REGISTRY=${url}`)],
        ["EnvironmentFile", `-${environmentFile(outline)}`],
        ["Restart", "on-failure"],
        ["RestartSec", "1"],
        ["RestartPreventExitStatus", `${exitCodes.usage} ${exitCodes.app}`], // another start would end so too
        ["KillMode", "mixed"],
        ["TimeoutStopSec", "35"], // a stop takes 27.5 s at most: calls, hooks, leaving the registry
        ...(user === undefined ? [["DynamicUser", "yes"] as const] : [["User", user] as const]),
        ["StateDirectory", state], // the one folder it may write to: $STATE_DIRECTORY
        ...hardening,
        ["ProtectHome", /^\/(home|root)\//.test(project) ? "read-only" : "yes"],
      ],
    ],
    ["Install", [["WantedBy", `${name}.target`]]],
  ];
}

/** Who reads it beside root is the operator's decision: systemd reads it before it gives up its rights. */
function environmentFile({ name }: AppOutline): string {
  return `/etc/${name}/${name}.env`;
}

function registryUnit({ name }: AppOutline): string {
  return `${name}-registry.service`;
}

function instances(app: string, { name, replicas }: AppProcess): readonly string[] {
  return Array.from({ length: replicas }, (_, index) => `${app}-${name}@${index + 1}.service`);
}
