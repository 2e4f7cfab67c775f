import type { Middleware } from "../../contract/contract.js";
import { recording } from "../../server/recording/recording.js";
import { type App, openRegistry, type RunningApp, startApp } from "../../service/service.js";
import { joinSupervisor } from "../../supervisor/supervisor.js";
import { callStats, createLogger, startTelemetry } from "../../telemetry/telemetry.js";
import { AppError } from "../failure.js";
import { aborted, Interrupted } from "../interruptible.js";
import type { Terminal } from "../terminal.js";
import { type AppOptions, addressesOf, configSources, placementsOf } from "./app-options.js";
import { loadApp } from "./load-app.js";

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

/**
 * Runs services of an app in this process until they are to stop: by the signal, because their supervisor is gone, or
 * because one of them cannot go on.
 *
 * @throws AppError or ConfigError where to start again would not help; Error where it may
 */
export async function serveApp(options: ServeOptions, terminal: Terminal): Promise<void> {
  const stats = callStats();
  const supervisor = joinSupervisor({ calls: () => stats.take() });
  const stop = new AbortController();
  const asked = Promise.race([aborted(terminal.io.signal), ...(supervisor === undefined ? [] : [supervisor.lost])]);
  void asked.then(() => stop.abort());
  const alive = setInterval(() => {}, 2 ** 31 - 1); // where nothing listens, nothing else keeps this process
  const open: Open[] = supervisor === undefined ? [] : [supervisor];
  const onStep = (step: string): void => supervisor?.step(step);
  try {
    const app = await running({ ...options, stats: stats.middleware, onStep, signal: stop.signal, open }, terminal);
    supervisor?.ready();
    const failure = await Promise.race([asked, app.failure]);
    if (failure instanceof Error) throw failure;
  } catch (reason) {
    if (stop.signal.aborted) throw new Interrupted("stopped while it started");
    throw await explained(reason, terminal);
  } finally {
    for (const each of open.reverse()) await each.close();
    clearInterval(alive);
  }
}

interface Open {
  close(): unknown;
}

interface Start extends ServeOptions {
  readonly stats: Middleware;
  readonly signal: AbortSignal;
  readonly onStep: (step: string) => void;
  /** What is to be closed afterwards, the last first. */
  readonly open: Open[];
}

async function running(start: Start, terminal: Terminal): Promise<RunningApp> {
  const { file, registryUrl, onStep, signal, open } = start;
  onStep(`loading ${file}`);
  const app = await loadApp(file);
  const services = start.services ?? app.services.map(({ name }) => name);
  const address = addressesOf(start.address, services, terminal.io);
  const placement = placementsOf(start.place);
  onStep("reading the configuration");
  const config = await configSources(app, file, start, terminal.io);
  const telemetry = await startTelemetry({ serviceName: services.length === 1 ? (services[0] as string) : app.name });
  open.push(telemetry);
  const started = new AbortController();
  const registry = registryUrl === undefined ? undefined : openRegistry(registryUrl);
  if (registry !== undefined) {
    open.push(registry);
    signal.addEventListener("abort", () => void registry.close(), { signal: started.signal }); // a start that waits for it waits no longer
  }
  const recordings = recordingsOf(start, app, open);
  const advertise = start.advertise ?? (terminal.io.env["HAWSER_ADVERTISE"] || undefined);
  const zone = terminal.io.env["HAWSER_ZONE"] || undefined;
  try {
    const here = await startApp(app, {
      services,
      config,
      placement,
      signal,
      onStep,
      middleware: (name) => [start.stats, ...recordings(name)],
      telemetry: ({ name, version, id }) =>
        telemetry.forService({ serviceName: name, serviceVersion: version, instanceId: id }),
      ...(registry && {
        remote: { registry, listen: start.listen, address, ...(advertise && { advertise }), ...(zone && { zone }) },
      }),
    });
    open.push(here);
    return here;
  } catch (cause) {
    // What an app cannot be: said by us, of the app as it is written. What its own code threw is wrapped in an Error.
    if (cause instanceof RangeError || cause instanceof TypeError) throw new AppError(cause.message, { cause });
    throw cause;
  } finally {
    started.abort();
  }
}

function recordingsOf({ record }: Start, app: App, open: Open[]) {
  return (name: string): readonly Middleware[] => {
    const service = app.services.find((each) => each.name === name);
    if (record === undefined || service === undefined) return [];
    const contracts = [...service.contracts.values()];
    const made = recording({ folder: record, service: name, contracts, logger: createLogger({ service: name }) });
    open.push(made);
    return [made];
  };
}

/** Where the user's own code failed, its stack stands before the line that says so. */
async function explained(reason: unknown, terminal: Terminal): Promise<unknown> {
  const cause = reason instanceof Error ? reason.cause : undefined;
  if (!(reason instanceof AppError) && cause instanceof Error && cause.stack !== undefined)
    await terminal.note(cause.stack);
  return reason;
}
