import type { Command } from "commander";
import type { ClientOptions } from "../client/client.js";
import type { ServiceDefinition } from "../contract/contract.js";
import { systemClock } from "../time/time.js";
import { addressOf } from "./address-of.js";
import { CallTrace } from "./call/call-trace.js";
import { Caller } from "./call/caller.js";
import { findMethod, type MethodName, matchesService, parseMethodName } from "./call/find-method.js";
import { parseMetadata } from "./call/metadata.js";
import { contractsOfFile } from "./call/proto-file.js";
import { reflectedContracts } from "./call/reflection.js";
import { Replay, type ReplayOptions } from "./call/replay.js";
import { requestsOf } from "./call/requests.js";
import { parseDuration } from "./duration.js";
import { UsageError } from "./failure.js";
import { interruptible } from "./interruptible.js";
import type { Io } from "./io.js";
import { requireService } from "./known-service.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { withRegistry } from "./with-registry.js";

interface CallCommandOptions extends ReplayOptions {
  readonly stream?: boolean;
  readonly proto?: string;
  readonly include: readonly string[];
  readonly verbose?: boolean;
  readonly replay?: string;
}

/** How long finding out the contract may take where no timeout was given; a unary call has the same default. */
const reflectionTimeoutMs = 5000;

export function addCall(program: Command, io: Io): void {
  program
    .command("call")
    .description("call a method of a service; its contract comes by reflection, or from a .proto file")
    .usage("[options] <service> <method> [json]\n       hawser call [options] --replay <file> [service]")
    .argument("[service]", "the name it registered under, or an address: grpc://host:port, host:port")
    .argument("[method]", "Place, OrdersService/Place or shop.orders.v1.OrdersService/Place")
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
    .option("--replay <file>", "make the calls of this recording again, and tell what comes otherwise than recorded")
    .option("--id <id>", "replay only the call of this id")
    .option("--set <field=value>", "what to send in a field that the recording hides, repeatable", collect, [])
    .option("--with-redacted", "send empty what the recording hides and --set does not give")
    .action((service?: string, method?: string, json?: string, ...rest: [CallCommandOptions, Command]) => {
      const [options, command] = rest;
      const terminal = new Terminal(io, command.optsWithGlobals<GlobalOptions>());
      if (options.replay === undefined) return call(wanted(service, method, json, options, command), terminal);
      if (method !== undefined || options.stream) {
        throw new UsageError("--replay takes methods and requests from the recording; leave them out");
      }
      return replayAt(service, options.replay, options, terminal);
    });
}

interface Wanted {
  readonly service: string;
  readonly method: MethodName;
  readonly json: string | undefined;
  readonly options: CallCommandOptions;
}

/** @throws CommanderError where an argument is missing; UsageError where one makes no sense */
function wanted(
  service: string | undefined,
  method: string | undefined,
  json: string | undefined,
  options: CallCommandOptions,
  command: Command,
): Wanted {
  if (options.id !== undefined || options.set.length > 0 || options.withRedacted) {
    throw new UsageError("--id, --set and --with-redacted are for --replay <file>");
  }
  if (service !== undefined && method !== undefined) {
    return { service, method: parseMethodName(method), json, options };
  }
  const missing = service === undefined ? "service" : "method";
  return command.error(`error: missing required argument '${missing}'`, { code: "commander.missingArgument" });
}

async function call({ service, method, json, options }: Wanted, terminal: Terminal): Promise<void> {
  const metadata = parseMetadata(options.header);
  await withServer(service, terminal, async (server) => {
    const { signal, stdin } = terminal.io;
    const found = findMethod(
      await contractsOf(server, options, signal, (each) => matchesService(method, each)),
      method,
    );
    const source = { argument: json, stream: options.stream ?? false, stdin };
    const requests = await interruptible(requestsOf(found.method, source), signal);
    const timeout = options.timeout === undefined ? {} : { timeoutMs: options.timeout };
    await using caller = new Caller(server, new CallTrace(terminal, options.verbose ?? false), terminal);
    await caller.call(found, requests, { metadata, signal, ...timeout });
  });
}

async function replayAt(
  service: string | undefined,
  file: string,
  options: CallCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const replay = await Replay.read(file, options);
  await withServer(service ?? replay.service, terminal, async (server) => {
    const contracts = await contractsOf(server, options, terminal.io.signal, (each) => replay.contracts.has(each));
    await using caller = new Caller(server, new CallTrace(terminal, options.verbose ?? false), terminal);
    await replay.run(contracts, caller, terminal);
  });
}

/** Uses the server at an address, or the instances of a service. */
function withServer(service: string, terminal: Terminal, use: (server: ClientOptions) => Promise<void>): Promise<void> {
  const transport = terminal.transport();
  const target = addressOf(service, transport);
  if (target !== undefined) return use({ target, transport });
  return withRegistry(terminal, async (registry) => {
    await interruptible(requireService(registry, service), terminal.io.signal);
    await use({ registry, service, transport });
  });
}

function contractsOf(
  server: ClientOptions,
  { proto, include, timeout }: CallCommandOptions,
  signal: AbortSignal,
  wanted: (service: string) => boolean,
): Promise<ReadonlyMap<string, ServiceDefinition>> {
  if (proto !== undefined) return contractsOfFile(proto, include);
  const deadline = systemClock.now() + (timeout ?? reflectionTimeoutMs); // one for all questions: a server may invent imports for ever
  return reflectedContracts(server, { deadline, signal }, wanted);
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
