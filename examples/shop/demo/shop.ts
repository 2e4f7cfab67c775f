import { fileURLToPath } from "node:url";
import type { Child } from "./child.js";
import type { Children } from "./children.js";
import { nodeArgs } from "./node-args.js";
import type { Process } from "./report.js";

interface ServiceProcess extends Process {
  readonly child: Child;
  fate: string;
}

/** In the order in which a call comes by. */
export const services = ["storefront", "orders", "inventory"] as const;

/** The processes of the shop. */
export class Shop {
  readonly #children: Children;
  readonly #processes: ServiceProcess[] = [];

  constructor(children: Children) {
    this.#children = children;
  }

  get processes(): readonly Process[] {
    return services.flatMap((service) =>
      this.#processes.filter((each) => each.service === service).sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  }

  /** Four processes, two of them inventory. */
  async open(): Promise<void> {
    const inventories = ["inventory-1", "inventory-2"].map((name) => this.start("inventory", name));
    await Promise.all([...inventories, this.start("orders"), this.start("storefront")]);
  }

  /** Starts a process of a service. Resolves once it serves. @throws Error that shows its last lines, where it does not */
  async start(service: (typeof services)[number], name: string = service, fate = ""): Promise<Process> {
    const file = fileURLToPath(new URL(`../${service}.ts`, import.meta.url));
    const child = this.#children.start({
      name,
      command: process.execPath,
      args: [...nodeArgs, file],
      env: { OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${name}` },
    });
    const started = { service, name, instance: await child.up(servingInstance), fate, child };
    this.#processes.push(started);
    return started;
  }

  /** Ends a process as by `kill -9`. Resolves with whether it was this that ended it. */
  async kill(name: string): Promise<boolean> {
    const victim = this.#processes.find((each) => each.name === name)!;
    victim.fate = "killed";
    return await this.#children.kill(victim.child);
  }

  /** Every process of the shop has told all its spans and is gone. */
  async close(): Promise<void> {
    await this.#children.stop(this.#processes.map(({ child }) => child));
  }
}

/** A service says so in its log, by its id in the registry. */
function servingInstance(line: string): string | undefined {
  if (!line.includes('"msg":"serving"')) return undefined;
  return (JSON.parse(line) as { readonly instance: string }).instance;
}
