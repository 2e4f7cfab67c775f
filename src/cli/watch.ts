import type { Command } from "commander";
import type { Registry, Snapshot, Watch } from "../registry/registry.js";
import { sleep } from "../time/time.js";
import { changes } from "./changes.js";
import { aborted, interruptible } from "./interruptible.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { withRegistry } from "./with-registry.js";

/** How often the registry is asked for services that are new, where no service was named. */
const pollMs = 1000;

export function addWatch(program: Command, io: Io): void {
  program
    .command("watch")
    .description("print who comes, goes and changes, until it is stopped")
    .argument("[service]", "the name it registered under; every service where it is left out")
    .action((service: string | undefined, _options, command: Command) =>
      watch(service, new Terminal(io, command.optsWithGlobals<GlobalOptions>())),
    );
}

function watch(service: string | undefined, terminal: Terminal): Promise<void> {
  return withRegistry(terminal, async (registry) => {
    const { signal } = terminal.io;
    const known = await interruptible(registry.list(), signal); // a registry that is not there is an error now, not a silence for ever
    const following = new Following(registry, terminal);
    try {
      if (service === undefined) {
        following.add(known.map(({ name }) => name));
        await following.addNewOnes();
      } else {
        following.add([service]);
        await aborted(signal);
      }
    } finally {
      await following.close();
    }
  });
}

/** The services that are followed; each change goes to the terminal. */
class Following {
  readonly #registry: Registry;
  readonly #terminal: Terminal;
  readonly #watches = new Map<string, Watch>();

  constructor(registry: Registry, terminal: Terminal) {
    this.#registry = registry;
    this.#terminal = terminal;
  }

  add(services: readonly string[]): void {
    for (const service of services) {
      if (!this.#watches.has(service)) this.#watches.set(service, this.#follow(service));
    }
  }

  /** Looks for services that are new, until the signal aborts. */
  async addNewOnes(): Promise<void> {
    const { clock, signal } = this.#terminal.io;
    for (;;) {
      await sleep(clock, pollMs, signal);
      if (signal.aborted) return;
      const services = await interruptible(this.#registry.list(), signal).catch(() => []); // away: the watches say so
      this.add(services.map(({ name }) => name));
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.close()));
  }

  #follow(service: string): Watch {
    const terminal = this.#terminal;
    let before: Snapshot | undefined;
    return this.#registry.watch(service, (snapshot) => {
      if (terminal.json) void terminal.object(snapshot);
      else for (const line of changes(before, snapshot, terminal.paint)) void terminal.line(line);
      before = snapshot;
    });
  }
}
