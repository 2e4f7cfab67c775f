import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "../../src/contract/contract.js";
import { silentLogger } from "../../src/contract/contract.js";
import { openRegistry, type RunningApp, type StartAppOptions, startApp } from "../../src/service/service.js";
import { startTelemetry } from "../../src/telemetry/telemetry.js";
import { Program } from "../examples/program.js";
import { EchoServiceDefinition } from "../gen/hawser/test/v1/echo.js";
import { Collector } from "../telemetry/support/collector.js";
import app from "./app/app.js";
import { type Backend, hawserBackend } from "./backends.js";
import { type Observed, observed } from "./observed.js";
import { play, type Transcript } from "./scenario.js";
import { Stage } from "./stage.js";

/** What one and the same day with the app was like. */
export interface Day extends Observed {
  readonly transcript: Transcript;
}

/** A way to run the app. It is on its way when it is made. */
export interface Mode {
  readonly day: () => Promise<Day>;
  readonly close: () => Promise<void>;
}

type Start = (options: StartAppOptions) => Promise<RunningApp>;
type Front = Client<EchoServiceDefinition>;

interface Launched {
  /** @param start starts services of the app in this process, and closes them when the day is over */
  readonly connect: (start: Start) => Promise<Front>;
  /** Rejects where what runs elsewhere ends by itself. */
  readonly died?: Promise<never>;
  /** What runs elsewhere ends, and has exported all it knows. */
  readonly end?: () => Promise<void>;
}

const appFile = "test/parity/app/app.ts";

/** One process, all calls in memory: what `hawser run` does. */
export function inOneProcess(): Promise<Mode> {
  return launched(async () => ({ connect: async (start) => frontOf(await start({})) }));
}

/** Each service by itself, found in a registry, called over the wire. */
export function apart(): Promise<Mode> {
  return launched(async (stage) => {
    const { url } = stage.use(await hawserBackend());
    const connect = async (start: Start): Promise<Front> => {
      for (const { name } of app.services) await start({ services: [name], remote: { registry: opened(stage, url) } });
      return frontOf(await start({ services: [], remote: { registry: opened(stage, url), listen: false } }));
    };
    return { connect };
  });
}

/** `hawser run --listen`: one process, where calls from outside come in over the wire. */
export function byRun(): Promise<Mode> {
  return launched(async (stage, env) => announced(stage, ["run", appFile, "--listen"], env));
}

/** `hawser up`: a supervisor, a process for each service. @param open the registry. Default: the supervisor's own */
export function byUp(open?: () => Promise<Backend>): Promise<Mode> {
  return launched(async (stage, env) => {
    const registry = open && { HAWSER_REGISTRY: stage.use(await open()).url };
    const folder = await mkdtemp(join(tmpdir(), "hawser-parity-"));
    stage.use({ close: () => rm(folder, { recursive: true, force: true }) });
    return announced(stage, ["up", appFile], { ...env, ...registry, XDG_RUNTIME_DIR: folder });
  });
}

/** `hawser start`: two services that share a process, and one apart. */
export function byStart(): Promise<Mode> {
  return launched(async (stage, env) => {
    const { url } = stage.use(await hawserBackend());
    const start = (...services: string[]): Program =>
      hawser(stage, ["start", appFile, ...services], { ...env, HAWSER_REGISTRY: url });
    return fromOutside(stage, [start("middle", "back"), start("front")], async () => url);
  });
}

function hawser(stage: Stage, args: readonly string[], env: { readonly [name: string]: string }): Program {
  const program = new Program("src/cli/hawser.ts", args, env);
  stage.use({ close: () => program[Symbol.asyncDispose]() });
  return program;
}

/** A command that says where its registry is. */
function announced(stage: Stage, args: readonly string[], env: { readonly [name: string]: string }): Launched {
  const program = hawser(stage, args, env);
  return fromOutside(stage, [program], async () => (await program.says(/HAWSER_REGISTRY=(\S+)/))[1] as string);
}

function fromOutside(stage: Stage, programs: readonly Program[], registryUrl: () => Promise<string>): Launched {
  const died = Promise.race(programs.map(ended));
  died.catch(() => {});
  return {
    async connect(start) {
      const registry = opened(stage, await registryUrl());
      return frontOf(await start({ services: [], remote: { registry, listen: false } }));
    },
    died,
    async end() {
      for (const program of programs) program.signal("SIGTERM");
      await Promise.all(programs.map((program) => program.ended));
    },
  };
}

async function ended(program: Program): Promise<never> {
  const code = await program.ended;
  throw new Error(`it ended with ${code}:\n${program.stdout}\n${program.stderr}`);
}

function opened(stage: Stage, url: string) {
  return stage.use(openRegistry(url, { logger: silentLogger }));
}

function frontOf(running: RunningApp): Front {
  return running.client(EchoServiceDefinition, "front");
}

async function launched(
  launch: (stage: Stage, env: { readonly [name: string]: string }) => Promise<Launched>,
): Promise<Mode> {
  const stage = new Stage();
  const collector = new Collector();
  stage.use({ close: () => collector[Symbol.asyncDispose]() });
  const env = exportingTo(await collector.listen());
  const { connect, died, end } = await launch(stage, env);
  const day = async (): Promise<Day> => {
    const played = observedIn(env, async (start) => play(await connect(start)));
    const transcript = await Promise.race([played, ...(died === undefined ? [] : [died])]);
    await end?.();
    return { transcript, ...observed(collector.received) };
  };
  return { day, close: () => stage.close() };
}

function exportingTo(endpoint: string): { readonly [name: string]: string } {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_METRICS_EXPORTER: "otlp",
    OTEL_METRIC_EXPORT_INTERVAL: "600000", // once, at the end
    HAWSER_LOG_LEVEL: "silent",
  };
}

/** Does something in this process and exports what there is to be seen of it, of each service under its own name. */
async function observedIn<T>(env: { readonly [name: string]: string }, work: (start: Start) => Promise<T>): Promise<T> {
  const telemetry = await withEnvironment(env, () => startTelemetry({ serviceName: "driver" }));
  const stage = new Stage();
  const start: Start = async (options) =>
    stage.use(
      await startApp(app, {
        logger: () => silentLogger,
        drainMs: 0,
        telemetry: ({ name, version, id }) =>
          telemetry.forService({ serviceName: name, serviceVersion: version, instanceId: id }),
        ...options,
      }),
    );
  try {
    return await work(start);
  } finally {
    await stage.close();
    await telemetry.close();
  }
}

async function withEnvironment<T>(env: { readonly [name: string]: string }, work: () => Promise<T>): Promise<T> {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
