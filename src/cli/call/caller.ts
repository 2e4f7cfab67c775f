import { type ClientOptions, type ClosableClient, createClient } from "../../client/client.js";
import type { CallOptions, ServiceDefinition } from "../../contract/contract.js";
import { Metadata } from "../../contract/contract.js";
import { UsageError } from "../failure.js";
import type { Terminal } from "../terminal.js";
import type { CallTrace } from "./call-trace.js";
import type { FoundMethod } from "./find-method.js";

/** As `createClient` makes it of a contract known only at run time. */
type Send = (requests: unknown, options: CallOptions) => Promise<unknown> & AsyncIterable<unknown>;

/** Makes calls to one server and prints what comes of them. Connections stay until it is disposed of. */
export class Caller implements AsyncDisposable {
  readonly #server: ClientOptions;
  readonly #trace: CallTrace;
  readonly #terminal: Terminal;
  readonly #clients = new Map<ServiceDefinition, ClosableClient<ServiceDefinition>>();

  constructor(server: ClientOptions, trace: CallTrace, terminal: Terminal) {
    this.#server = server;
    this.#trace = trace;
    this.#terminal = terminal;
  }

  /**
   * Prints what comes: one response for people, indented; a stream, or what a program reads, one JSON object a line, as it
   * comes.
   *
   * @param onResponse sees each response
   * @throws RpcError as the call fails; UsageError where a request of a stream made no sense
   */
  async call(
    { definition, method }: FoundMethod,
    requests: unknown,
    options: CallOptions,
    onResponse: (response: unknown) => void = () => {},
  ): Promise<void> {
    const send = this.#client(definition)[method.localName] as Send;
    const told: CallOptions = {
      ...options,
      onHeader: (header) => this.#trace.header(header),
      onTrailer: (trailer) => this.#trace.trailer(trailer),
    };
    this.#trace.sending(method, new Metadata(options.metadata));
    try {
      if (method.responseStream) {
        for await (const response of send(requests, told)) {
          onResponse(response);
          await this.#terminal.object(response);
        }
      } else {
        const response = await send(requests, told);
        onResponse(response);
        await this.#terminal.line(JSON.stringify(response, null, this.#terminal.json ? 0 : 2));
      }
    } catch (reason) {
      this.#trace.answered();
      throw (reason as Error).cause instanceof UsageError ? (reason as Error).cause : reason;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client[Symbol.asyncDispose]()));
  }

  #client(definition: ServiceDefinition): ClosableClient<ServiceDefinition> {
    let client = this.#clients.get(definition);
    if (client === undefined) {
      client = createClient(definition, { ...this.#server, attemptMiddleware: [this.#trace.attempt] });
      this.#clients.set(definition, client);
    }
    return client;
  }
}
