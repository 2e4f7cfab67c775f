import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import type { Logger, Middleware } from "../../contract/contract.js";
import type { Registry } from "../../registry/registry.js";
import { type Recording, recording } from "../../server/recording/recording.js";
import { logLevel } from "../../service/options.js";
import { withoutPasswords } from "../../service/registry-url.js";
import { type App, type RunningApp, type StartAppOptions, startApp } from "../../service/service.js";
import type { SupervisorLink } from "../../supervisor/supervisor.js";
import { createLogger, registryMetrics, startTelemetry } from "../../telemetry/telemetry.js";
import { AppError, UsageError } from "../failure.js";
import type { Terminal } from "../terminal.js";
import { registryOf } from "../with-registry.js";
import { addressesOf, checkApart, knownService } from "./addresses.js";
import { type AppOptions, configSources } from "./app-options.js";
import { loadApp } from "./load-app.js";
import { placementsOf } from "./placements.js";
import { takenAddress } from "./taken-address.js";
import { terminalLog } from "./terminal-log.js";

export interface ServeOptions extends AppOptions {
  /** The app file. */
  readonly file: string;
  /** Names of those that run here. Default: all. */
  readonly services?: readonly string[];
  /** Undefined: nobody is found but who is here. */
  readonly registryUrl: string | undefined;
  /** Whether others can call those here. */
  readonly listen: boolean;
}

/** What is to be closed when all is over. */
export interface Open {
  close(): unknown;
}

export interface StartOptions extends ServeOptions {
  readonly stats: Middleware;
  readonly supervisor: SupervisorLink | undefined;
  /** Ends the start. */
  readonly signal: AbortSignal;
  /** Gets what has to be closed afterwards, the last first; also where the start fails. */
  readonly open: Open[];
}

/** Loads an app and starts services of it in this process. @throws as `serveApp` does */
export async function startHere(start: StartOptions, terminal: Terminal): Promise<RunningApp> {
  try {
    return await loadAndStart(start, terminal);
  } catch (cause) {
    // What an app cannot be: said by us, of the app as it is written. What its own code threw is wrapped in an Error.
    if (cause instanceof RangeError || cause instanceof TypeError) throw new AppError(cause.message, { cause });
    throw cause;
  }
}

async function loadAndStart(start: StartOptions, terminal: Terminal): Promise<RunningApp> {
  const { file, startTimeout, listen, registryUrl, supervisor, signal, open } = start;
  const { io } = terminal;
  const transport = terminal.transport();
  const onStep = (step: string): void => supervisor?.step(step);
  onStep(`loading ${file}`);
  const app = await loadApp(file, { timeoutMs: startTimeout, signal, clock: io.clock });
  const services = servicesOf(app, start.services);
  const placement = placementsOf(start.place, app);
  const address = addressesOf(start.address, app, io);
  if (listen) checkApart(address, [{ name: app.name, services, replicas: 1, after: [] }]);
  onStep("reading the configuration");
  const config = await configSources(app, file, start, io);
  const telemetry = await startTelemetry({ serviceName: services.length === 1 ? (services[0] as string) : app.name });
  open.push(telemetry);
  const logger = loggerOf(app, terminal);
  const registry = registryUrl === undefined ? undefined : observedRegistry(registryUrl, logger(app.name));
  if (registry !== undefined) open.push(registry);
  const recordings = await recordingsOf(start, app, logger);
  const options: StartAppOptions = {
    services,
    config,
    placement,
    signal,
    onStep,
    logger,
    setupTimeoutMs: startTimeout,
    middleware: (name) => [start.stats, ...recordings(name)],
    telemetry: ({ name, version, id }) =>
      telemetry.forService({ serviceName: name, serviceVersion: version, instanceId: id }),
    ...(registry && { remote: { registry, transport, listen, address, ...whereOthersReachIt(start, terminal) } }),
  };
  // A start that waits for it waits no longer. What is wrong with closing it is said when all is closed.
  const giveUp = (): void => void registry?.close().catch(() => {});
  signal.addEventListener("abort", giveUp);
  try {
    const here = await startInTurn(() => startApp(app, options), supervisor);
    open.push(here);
    return here;
  } catch (cause) {
    const taken = takenAddress(cause);
    const owner = services.find((service) => address(service) === taken);
    if (owner === undefined) throw cause;
    throw new Error(`${owner}: ${taken} is taken: somebody listens there already`, { cause });
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** @throws UsageError for a name the app does not have */
function servicesOf(app: App, names: readonly string[] | undefined): readonly string[] {
  if (names === undefined) return app.services.map(({ name }) => name);
  return [...new Set(names.map((name) => knownService(app, name, `start ${name}`)))];
}

function loggerOf(app: App, terminal: Terminal): (service: string, version?: string) => Logger {
  const destination = terminalLog(app, terminal);
  const common = { ...logLevel(), ...(destination && { destination }) };
  return (service, version) => createLogger({ ...common, service, ...(version !== undefined && { version }) });
}

/** @throws UsageError for a URL that is none */
function observedRegistry(url: string, logger: Logger): Registry {
  return registryOf(url, { logger, monitor: registryMetrics({ registry: withoutPasswords(url) }) });
}

function whereOthersReachIt({ advertise }: StartOptions, { io }: Terminal): { advertise?: string; zone?: string } {
  const host = advertise ?? (io.env["HAWSER_ADVERTISE"] || undefined);
  const zone = io.env["HAWSER_ZONE"] || undefined;
  return { ...(host && { advertise: host }), ...(zone && { zone }) };
}

/** One for each service, also where it starts a second time. @throws UsageError where nothing can be written there */
async function recordingsOf(
  { record, open }: StartOptions,
  app: App,
  logger: (service: string) => Logger,
): Promise<(service: string) => readonly Middleware[]> {
  if (record === undefined) return () => [];
  try {
    await mkdir(record, { recursive: true, mode: 0o700 });
    await access(record, constants.W_OK);
  } catch (cause) {
    throw new UsageError(`--record ${record}: nothing can be written there: ${(cause as Error).message}`, { cause });
  }
  const made = new Map<string, Recording>();
  for (const { name, contracts } of app.services) {
    const options = { folder: record, service: name, contracts: [...contracts.values()], logger: logger(name) };
    made.set(name, recording(options));
  }
  open.push(...made.values());
  return (name) => [made.get(name) as Recording];
}

/** Starts; and where an address is taken by the process that this one replaces, again when that has gone. */
async function startInTurn<T>(start: () => Promise<T>, supervisor: SupervisorLink | undefined): Promise<T> {
  try {
    return await start();
  } catch (reason) {
    const address = takenAddress(reason);
    if (address === undefined || !(await supervisor?.takeOver(address))) throw reason;
    return await start();
  }
}
