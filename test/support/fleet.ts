import type { ClientBaseOptions } from "../../src/client/client.js";
import { type ClosableClient, createClient } from "../../src/client/client.js";
import type { Instance } from "../../src/contract/contract.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import type { Registration } from "../../src/registry/registry.js";
import { createServer, type Server } from "../../src/server/server.js";
import { type Clock, systemClock } from "../../src/time/time.js";
import { type EchoHandlers, EchoServiceDefinition, echo } from "./echo.js";
import { echoInstance } from "./echo-instance.js";
import { inOrder, type Picked } from "./in-order.js";
import { SpyTransport } from "./spy-transport.js";

/** One service of several instances in memory, and a client that calls the first by name that it may. */
export class Fleet implements AsyncDisposable {
  readonly registry = memoryRegistry();
  readonly transport: SpyTransport;
  readonly #clock: Clock;
  readonly picked: Picked[] = [];
  readonly #servers = new Map<string, Server>();
  readonly #registrations = new Map<string, Registration>();
  readonly #clients: ClosableClient<EchoServiceDefinition>[] = [];

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.transport = new SpyTransport(clock);
  }

  /** An instance that is served and registered. */
  async add(id: string, handlers: Partial<EchoHandlers> = {}, changes: Partial<Instance> = {}): Promise<void> {
    await this.serve(id, handlers);
    await this.register(id, changes);
  }

  async serve(id: string, handlers: Partial<EchoHandlers> = {}): Promise<void> {
    const server = createServer({ transport: this.transport, address: `memory://${id}` }).add(
      EchoServiceDefinition,
      echo({
        unary: () => ({ instance: id }),
        read: () => ({ instance: id }),
        put: () => ({ instance: id }),
        ...handlers,
      }),
    );
    await server.start();
    this.#servers.set(id, server);
  }

  async register(id: string, changes: Partial<Instance> = {}): Promise<void> {
    this.#registrations.set(id, await this.registry.register(echoInstance(id, changes)));
  }

  /** Publishes the instance as changed. */
  async update(id: string, changes: Partial<Instance>): Promise<void> {
    await this.#registrations.get(id)?.update(echoInstance(id, changes));
  }

  async deregister(id: string): Promise<void> {
    await this.#registrations.get(id)?.close();
  }

  /** The server goes, its registration stays: nobody has noticed yet. */
  async kill(id: string): Promise<void> {
    await this.#servers.get(id)?.close({ graceMs: 0 });
  }

  drain(id: string): void {
    this.#servers.get(id)?.drain();
  }

  client(options: Partial<ClientBaseOptions> = {}): ClosableClient<EchoServiceDefinition> {
    const { registry, transport } = this;
    const client = createClient(EchoServiceDefinition, {
      registry,
      service: "echo",
      transport,
      selector: inOrder(this.picked),
      clock: this.#clock,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.close({ graceMs: 0 })));
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.registry.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
