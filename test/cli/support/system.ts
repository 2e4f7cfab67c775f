import { silentLogger } from "../../../src/contract/contract.js";
import type { Registry } from "../../../src/registry/registry.js";
import { openRegistry } from "../../../src/service/open-registry.js";
import { createService, type Service, type ServiceOptions } from "../../../src/service/service.js";
import { type EchoHandlers, EchoServiceDefinition, echo } from "../../support/echo.js";
import { type Started, start } from "./command.js";

/** A registry as `hawser registry` runs it, and services in it. */
export class System {
  readonly url: string;
  readonly registry: Registry;
  readonly #command: Started;
  readonly #services: Service[] = [];

  private constructor(command: Started, url: string) {
    this.#command = command;
    this.url = url;
    this.registry = openRegistry(url);
  }

  static async start(): Promise<System> {
    const command = start(["registry", "--address", "127.0.0.1:0", "--json"]);
    const { registry } = JSON.parse(await command.out.line(() => true)) as { registry: string };
    return new System(command, registry);
  }

  /** Starts an instance of the echo service, whose `instance` field in answers is its id. */
  async echo(options: Partial<ServiceOptions> = {}, own: Partial<EchoHandlers> = {}): Promise<Service> {
    const service: Service = createService({
      name: "echo",
      version: "1.2.3",
      registry: this.registry,
      logger: silentLogger,
      drainMs: 0,
      ...options,
    }).add(EchoServiceDefinition, echo(own));
    await service.start();
    this.#services.push(service);
    return service;
  }

  /** The arguments with the registry named in front. */
  args(...args: readonly string[]): readonly string[] {
    return ["--registry", this.url, ...args];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.close()));
    await this.registry.close();
    this.#command.interrupt();
    await this.#command.code;
  }
}
