import type { Command } from "commander";
import type { Transport } from "../transport/transport.js";
import { addressOf } from "./address-of.js";
import { askHealth, askRegistration, type HealthAnswer, type RegistrationAnswer, targetOf } from "./ask-health.js";
import { formatDuration } from "./duration.js";
import { interruptible } from "./interruptible.js";
import type { Io } from "./io.js";
import { instancesOf } from "./known-service.js";
import { type Paint, printable } from "./paint.js";
import { table } from "./table.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { withRegistry } from "./with-registry.js";

export function addHealth(program: Command, io: Io): void {
  program
    .command("health")
    .description("ask every instance of a service how it is; fail unless all of them serve")
    .argument("<services...>", "names they registered under, or addresses: grpc://host:port, host:port")
    .action((services: readonly string[], _options, command: Command) =>
      health(services, new Terminal(io, command.optsWithGlobals<GlobalOptions>())),
    );
}

/** How an instance is, or whoever is at an address. */
interface Answer {
  readonly of: string;
  readonly health: HealthAnswer;
  /** Of whoever was asked by address: who cannot be found by name may want to know why. Null where it does not say. */
  readonly registration?: RegistrationAnswer | null;
}

/** @throws Error where one does not serve, naming it */
async function health(services: readonly string[], terminal: Terminal): Promise<void> {
  const transport = terminal.transport();
  const asked = services.map((service) => ask(service, transport, terminal));
  const answers = (await interruptible(Promise.all(asked), terminal.io.signal)).flat();
  if (terminal.json) await terminal.object(answers);
  else await terminal.line(table(answers.map((answer) => row(answer, terminal))));
  const unwell = answers.filter((answer) => answer.health !== "SERVING").map(({ of }) => of);
  if (unwell.length > 0) throw new Error(`${unwell.join(", ")}: not SERVING`);
}

async function ask(service: string, transport: Transport, terminal: Terminal): Promise<readonly Answer[]> {
  const { signal, clock } = terminal.io;
  const address = addressOf(service, transport);
  if (address !== undefined) {
    const [health, registration] = await Promise.all([
      askHealth(address, transport, signal),
      askRegistration(address, transport, signal),
    ]);
    return [{ of: address, health, registration }];
  }
  return await withRegistry(terminal, async (registry) => {
    const instances = await interruptible(instancesOf(registry, service, clock), signal);
    const asked = instances.map(async (instance) => ({
      of: instance.id,
      health: await askHealth(targetOf(instance, transport), transport, signal),
    }));
    return await Promise.all(asked);
  });
}

function row({ of, health, registration }: Answer, { paint }: Terminal): readonly string[] {
  return [
    printable(of),
    health === "SERVING" ? paint.good(health) : paint.bad(health),
    ...(registration ? [standing(registration, paint)] : []),
  ];
}

function standing({ registered, forMs }: RegistrationAnswer, paint: Paint): string {
  if (registered) return paint.good("registered");
  return paint.warning(`not registered${forMs === undefined ? "" : `, for ${formatDuration(forMs)}`}`);
}
