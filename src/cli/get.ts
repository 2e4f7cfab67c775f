import type { Command } from "commander";
import type { Instance } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Registry, Snapshot } from "../registry/registry.js";
import type { Clock } from "../time/time.js";
import { grpcJsTransport } from "../transport/grpc-js/grpc-js.js";
import { formatDuration } from "./duration.js";
import { askHealth, type HealthAnswer } from "./health.js";
import { interruptible } from "./interruptible.js";
import type { Io } from "./io.js";
import { requireService } from "./known-service.js";
import { printable } from "./paint.js";
import { table } from "./table.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { withRegistry } from "./with-registry.js";

/** How long a registry that answered once may take to send the instances. */
const snapshotTimeoutMs = 5000;

export function addGet(program: Command, io: Io): void {
  program
    .command("get")
    .description("show every instance of a service, with its health asked live from each")
    .argument("<service>", "the name it registered under")
    .action((service: string, _options, command: Command) =>
      get(service, new Terminal(io, command.optsWithGlobals<GlobalOptions>())),
    );
}

interface Examined {
  readonly instance: Instance;
  readonly uptimeMs: number;
  readonly health: HealthAnswer;
}

function get(service: string, terminal: Terminal): Promise<void> {
  return withRegistry(terminal, async (registry) => {
    const { signal, clock } = terminal.io;
    await interruptible(requireService(registry, service), signal);
    const { instances } = await interruptible(firstSnapshot(registry, service, clock), signal);
    const transport = grpcJsTransport();
    const examined = await interruptible(
      Promise.all(
        instances.map(async (instance): Promise<Examined> => {
          const uptimeMs = Math.max(0, Math.round(clock.now() - instance.startedAt.getTime()));
          return { instance, uptimeMs, health: await askHealth(instance, transport, signal) };
        }),
      ),
      signal,
    );
    if (terminal.json) {
      return terminal.object(examined.map(({ instance, ...found }) => ({ ...instance, ...found })));
    }
    return terminal.line(examined.map((each) => sheet(each, terminal)).join("\n\n"));
  });
}

function firstSnapshot(registry: Registry, service: string, clock: Clock): Promise<Snapshot> {
  return new Promise((resolve, reject) => {
    const timer = clock.timer(snapshotTimeoutMs, () => {
      const message = `${registry.name} did not send the instances of "${service}" within ${snapshotTimeoutMs} ms`;
      reject(new RpcError(Code.DEADLINE_EXCEEDED, message));
    });
    registry.watch(service, (snapshot) => {
      timer.cancel();
      resolve(snapshot);
    });
  });
}

/** The instance's id, and what is known of it line by line. */
function sheet({ instance, uptimeMs, health }: Examined, { paint }: Terminal): string {
  const { id, version, state, endpoints, contracts, zone, weight, metadata } = instance;
  const labels = Object.entries(metadata)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  const text = (value: string): string => printable(value) || paint.faint("-");
  const fields = table([
    ["  version", text(version)],
    ["  state", state === "serving" ? paint.good(state) : paint.warning(state)],
    ["  health", health === "SERVING" ? paint.good(health) : paint.bad(health)],
    ["  uptime", formatDuration(uptimeMs)],
    ["  endpoints", text(endpoints.join(", "))],
    ["  contracts", text(contracts.join(", "))],
    ["  zone", text(zone)],
    ["  weight", String(weight)],
    ["  metadata", text(labels.join(", "))],
  ]);
  return `${paint.strong(printable(id))}\n${fields}`;
}
