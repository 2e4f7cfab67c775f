import type { Command } from "commander";
import type { Instance } from "../contract/contract.js";
import { askHealth, askRegistration, type HealthAnswer, type RegistrationAnswer, targetOf } from "./ask-health.js";
import { formatDuration } from "./duration.js";
import { interruptible } from "./interruptible.js";
import type { Io } from "./io.js";
import { instancesOf } from "./known-service.js";
import { type Paint, printable } from "./paint.js";
import { table } from "./table.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { withRegistry } from "./with-registry.js";

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
  /** Null where it does not say. */
  readonly registration: RegistrationAnswer | null;
}

function get(service: string, terminal: Terminal): Promise<void> {
  return withRegistry(terminal, async (registry) => {
    const { signal, clock } = terminal.io;
    const instances = await interruptible(instancesOf(registry, service, clock), signal);
    const transport = terminal.transport();
    const examined = await interruptible(
      Promise.all(
        instances.map(async (instance): Promise<Examined> => {
          const uptimeMs = Math.max(0, Math.round(clock.now() - instance.startedAt.getTime()));
          const target = targetOf(instance, transport);
          const [health, registration] = await Promise.all([
            askHealth(target, transport, signal),
            askRegistration(target, transport, signal),
          ]);
          return { instance, uptimeMs, health, registration };
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

/** The instance's id, and what is known of it line by line. */
function sheet({ instance, uptimeMs, health, registration }: Examined, { paint }: Terminal): string {
  const { id, version, state, endpoints, contracts, zone, weight, metadata } = instance;
  const labels = Object.entries(metadata)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  const text = (value: string): string => printable(value) || paint.faint("-");
  const fields = table([
    ["  version", text(version)],
    ["  state", state === "serving" ? paint.good(state) : paint.warning(state)],
    ["  health", health === "SERVING" ? paint.good(health) : paint.bad(health)],
    ["  registered", standing(registration, paint)],
    ["  uptime", formatDuration(uptimeMs)],
    ["  endpoints", text(endpoints.join(", "))],
    ["  contracts", text(contracts.join(", "))],
    ["  zone", text(zone)],
    ["  weight", String(weight)],
    ["  metadata", text(labels.join(", "))],
  ]);
  return `${paint.strong(printable(id))}\n${fields}`;
}

function standing(registration: RegistrationAnswer | null, paint: Paint): string {
  if (registration === null) return paint.faint("unknown");
  const { registered, forMs } = registration;
  if (registered) return paint.good("yes");
  return paint.bad(forMs === undefined ? "no" : `no, for ${formatDuration(forMs)}`);
}
