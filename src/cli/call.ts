import type { Command } from "commander";
import type { ClientOptions } from "../client/client.js";
import type { Metadata, ServiceDefinition } from "../contract/contract.js";
import { systemClock } from "../time/time.js";
import { parseAddress } from "../transport/address.js";
import { grpcJsTransport } from "../transport/grpc-js/grpc-js.js";
import type { Transport } from "../transport/transport.js";
import { CallTrace } from "./call/call-trace.js";
import { findMethod, type MethodName, matchesService, parseMethodName } from "./call/find-method.js";
import { invoke } from "./call/invoke.js";
import { parseMetadata } from "./call/metadata.js";
import { contractsOfFile } from "./call/proto-file.js";
import { reflectedContracts } from "./call/reflection.js";
import { requestsOf } from "./call/requests.js";
import { parseDuration } from "./duration.js";
import { UsageError } from "./failure.js";
import { interruptible } from "./interruptible.js";
import type { Io } from "./io.js";
import { requireService } from "./known-service.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { withRegistry } from "./with-registry.js";

interface CallCommandOptions {
  readonly header: readonly string[];
  readonly timeout?: number;
  readonly stream?: boolean;
  readonly proto?: string;
  readonly include: readonly string[];
  readonly verbose?: boolean;
}

/** How long finding out the contract may take where no timeout was given; a unary call has the same default. */
const reflectionTimeoutMs = 5000;

export function addCall(program: Command, io: Io): void {
  program
    .command("call")
    .description("call a method of a service; its contract comes by reflection, or from a .proto file")
    .argument("<service>", "the name it registered under, or an address: grpc://host:port, host:port")
    .argument("<method>", "Place, OrdersService/Place or shop.orders.v1.OrdersService/Place")
    .argument(
      "[json]",
      'the request; "@file.json" reads a file, "-" stdin; an array where a stream is taken (default: {})',
    )
    .option("-H, --header <key:value>", "metadata to send, repeatable; keys in -bin take base64", collect, [])
    .option("--timeout <duration>", "how long the answer may take, like 250ms or 5s", parseDuration)
    .option("--stream", "read the requests from stdin, one JSON object a line")
    .option("--proto <file>", "read the contract from this .proto file instead of asking the server")
    .option("-I, --include <dir>", "where --proto and its imports are looked for, repeatable", collect, [])
    .option("-v, --verbose", "tell on stderr what was sent, who answered, headers and trailers")
    .action(
      (service: string, method: string, json: string | undefined, options: CallCommandOptions, command: Command) => {
        const wanted = {
          service,
          method: parseMethodName(method),
          json,
          metadata: parseMetadata(options.header),
          options,
        };
        return call(wanted, new Terminal(io, command.optsWithGlobals<GlobalOptions>()));
      },
    );
}

interface Wanted {
  readonly service: string;
  readonly method: MethodName;
  readonly json: string | undefined;
  readonly metadata: Metadata;
  readonly options: CallCommandOptions;
}

function call(wanted: Wanted, terminal: Terminal): Promise<void> {
  const transport = grpcJsTransport();
  const target = addressOf(wanted.service, transport);
  if (target !== undefined) return callAt({ target, transport }, wanted, terminal);
  return withRegistry(terminal, async (registry) => {
    await interruptible(requireService(registry, wanted.service), terminal.io.signal);
    await callAt({ registry, service: wanted.service, transport }, wanted, terminal);
  });
}

/** What has a scheme or a port is an address; names of services have neither. @throws UsageError for one nobody can call */
function addressOf(service: string, { schemes }: Transport): string | undefined {
  if (!service.includes(":")) return undefined;
  const address = service.includes("://") ? service : `grpc://${service}`;
  try {
    if (schemes.includes(parseAddress(address).scheme)) return address;
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
  throw new UsageError(
    `address "${address}": only ${schemes.map((scheme) => `${scheme}://`).join(", ")} can be called`,
  );
}

async function callAt(server: ClientOptions, wanted: Wanted, terminal: Terminal): Promise<void> {
  const { json: argument, metadata, options } = wanted;
  const { signal, stdin } = terminal.io;
  const found = findMethod(await contractsOf(server, wanted, signal), wanted.method);
  const source = { argument, stream: options.stream ?? false, stdin };
  const requests = await interruptible(requestsOf(found.method, source), signal);
  const callOptions = {
    metadata,
    signal,
    ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
  };
  await invoke(found, requests, server, callOptions, new CallTrace(terminal, options.verbose ?? false), terminal);
}

function contractsOf(
  server: ClientOptions,
  { method, options: { proto, include, timeout } }: Wanted,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ServiceDefinition>> {
  if (proto !== undefined) return contractsOfFile(proto, include);
  const deadline = systemClock.now() + (timeout ?? reflectionTimeoutMs); // one for all questions: a server may invent imports for ever
  const call = { deadline, signal };
  return reflectedContracts(server, call, (service) => matchesService(method, service));
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
