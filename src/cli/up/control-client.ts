import { Option } from "commander";
import { type ClosableClient, createClient } from "../../client/client.js";
import type { Client } from "../../contract/contract.js";
import { defaultTransport } from "../../service/open-transport.js";
import { SupervisorServiceDefinition } from "../../supervisor/control/control.js";
import type { Transport } from "../../transport/transport.js";
import { UsageError } from "../failure.js";
import type { Terminal } from "../terminal.js";
import { type RunningApp, runningApps } from "./running-app.js";

/** Of every verb that asks a running app. */
export interface AppOption {
  readonly app?: string;
}

export function appOption(description: string): Option {
  return new Option("--app <name>", `${description}: its name, or the pid of its supervisor`);
}

/** What a running app is asked through. */
export type ControlClient = Client<SupervisorServiceDefinition>;

/** Speaks to the supervisor of an app. @param transport Default: the one that `HAWSER_TRANSPORT` names */
export function openControl(
  { socket }: RunningApp,
  transport: Transport = defaultTransport(),
): ClosableClient<SupervisorServiceDefinition> {
  const target = `grpc+unix://${socket}`;
  return createClient(SupervisorServiceDefinition, { target, transport, retry: false });
}

/** As `openControl()`, closed whatever comes of it. */
export async function withControl<T>(
  app: RunningApp,
  terminal: Terminal,
  use: (control: ControlClient) => Promise<T>,
): Promise<T> {
  await using control = openControl(app, terminal.transport());
  return await use(control);
}

/**
 * The apps of this user that run; those of one name, where it is given: a name, or the pid of a supervisor.
 *
 * @throws Error where there is none
 */
export async function findApps({ io }: Terminal, wanted: string | undefined): Promise<readonly RunningApp[]> {
  const apps = await runningApps(io.env);
  if (apps.length === 0) throw new Error("no app of yours is running; try: hawser up");
  if (wanted === undefined) return apps;
  const found = apps.filter(({ name, pid }) => name === wanted || String(pid) === wanted);
  if (found.length === 0) throw new Error(`no app "${wanted}" of yours is running; running: ${told(apps)}`);
  return found;
}

/** As `findApps()`. @throws UsageError where there is more than one */
export async function findApp(terminal: Terminal, wanted: string | undefined): Promise<RunningApp> {
  const apps = await findApps(terminal, wanted);
  if (apps.length === 1) return apps[0] as RunningApp;
  throw new UsageError(`several apps are running: ${told(apps)}; say which with --app`);
}

function told(apps: readonly RunningApp[]): string {
  return apps.map(({ name, pid }) => `${name} (pid ${pid})`).join(", ");
}
