import { test } from "vitest";
import { type ClientBaseOptions, type ClosableClient, createClient } from "../../../src/client/client.js";
import type { Closeable } from "../../../src/contract/contract.js";
import { createServer, type Server, type ServerOptions } from "../../../src/server/server.js";
import type { Address, Transport } from "../../../src/transport/transport.js";
import { type EchoHandlers, EchoServiceDefinition, echo } from "../../support/echo.js";
import type { ManualClock } from "../../support/manual-clock.js";

export type EchoClient = ClosableClient<EchoServiceDefinition>;

/** What a driver gives the suite. */
export interface TransportSuiteOptions {
  readonly name: string;
  /** A transport of its own and an address on it that is free. */
  readonly make: (options: NetworkOptions) => Network;
  readonly capabilities: Capabilities;
  /** Stories the driver leaves out, each with the reason. */
  readonly skip?: { readonly [title: string]: string };
}

export interface Capabilities {
  /** Calls run over TCP: connections can be counted, and cut. */
  readonly sockets: boolean;
}

export interface NetworkOptions {
  readonly clock?: ManualClock;
  readonly maxReceiveBytes?: number;
}

export interface Network {
  readonly transport: Transport;
  readonly address: Address;
}

/** Tells one story as a test, on a stage that is cleared after it. */
export type Story = (
  title: string,
  tell: (stage: Stage) => Promise<void>,
  needs?: readonly (keyof Capabilities)[],
) => void;

const lacking: { readonly [Key in keyof Capabilities]: string } = { sockets: "no connection can be touched" };

export function teller({ make, capabilities, skip = {} }: TransportSuiteOptions): Story {
  return (title, tell, needs = []) => {
    const missing = needs.find((need) => !capabilities[need]);
    const reason = skip[title] ?? (missing && lacking[missing]);
    if (reason !== undefined) {
      test.skip(`${title} (skipped: ${reason})`, () => {});
      return;
    }
    test(title, { timeout: 60_000 }, async ({ onTestFinished }) => {
      const stage = new Stage(make);
      onTestFinished(() => stage.clear());
      await tell(stage);
    });
  };
}

export interface Scene extends Network {
  readonly server: Server;
  readonly client: EchoClient;
  /** A further client of the same server. */
  readonly connect: (options?: Partial<ClientBaseOptions>) => EchoClient;
}

export interface SceneOptions extends NetworkOptions {
  readonly server?: Partial<ServerOptions>;
  readonly client?: Partial<ClientBaseOptions>;
}

/** The servers and clients of one story. */
export class Stage {
  readonly network: (options?: NetworkOptions) => Network;
  readonly #servers: Server[] = [];
  readonly #others: Closeable[] = [];
  readonly #clocks = new Set<ManualClock>();

  constructor(make: TransportSuiteOptions["make"]) {
    this.network = (options = {}) => {
      if (options.clock !== undefined) this.#clocks.add(options.clock);
      return make(options);
    };
  }

  /** A server that echoes but for the handlers given, and a client of it. */
  async play(handlers: Partial<EchoHandlers> = {}, options: SceneOptions = {}): Promise<Scene> {
    const network = this.network(options);
    const server = await this.serve(network, handlers, options.server);
    const clock = options.clock === undefined ? {} : { clock: options.clock };
    const connect = (own: Partial<ClientBaseOptions> = {}): EchoClient =>
      this.client(network.transport, server.address, { ...clock, ...options.client, ...own });
    return { transport: network.transport, address: server.address, server, client: connect(), connect };
  }

  async serve(
    { transport, address }: Network,
    handlers: Partial<EchoHandlers> = {},
    options: Partial<ServerOptions> = {},
  ): Promise<Server> {
    const server = createServer({ transport, address, ...options }).add(EchoServiceDefinition, echo(handlers));
    this.#servers.push(server);
    await server.start();
    return server;
  }

  client(transport: Transport, target: Address, options: Partial<ClientBaseOptions> = {}): EchoClient {
    return this.add(createClient(EchoServiceDefinition, { transport, target, ...options }));
  }

  /** Something else to close at the end. */
  add<T extends Closeable>(closeable: T): T {
    this.#others.push(closeable);
    return closeable;
  }

  async clear(): Promise<void> {
    const closing = this.#servers.map((server) => server.close({ graceMs: 0 }));
    for (const clock of this.#clocks) await clock.run(0); // a grace of nothing still ends by the clock
    await Promise.all(closing);
    await Promise.all(this.#others.map((each) => each.close()));
  }
}
