import { readFile } from "node:fs/promises";
import { text as readText } from "node:stream/consumers";
import type { Method } from "../../contract/contract.js";
import { UsageError } from "../failure.js";
import type { Io } from "../io.js";

export interface RequestSource {
  /** JSON; `@file` or `-` say where it is. Undefined where nothing was given. */
  readonly argument: string | undefined;
  /** Whether the requests come one a line from stdin. */
  readonly stream: boolean;
  readonly stdin: Io["stdin"];
}

/**
 * What to send: one message, or a stream of them where the method takes one. Each has been checked against its type.
 *
 * @throws UsageError where it is no JSON, does not fit the type, or is not how this method is fed; for a stream while it is read
 */
export async function requestsOf(method: Method, source: RequestSource): Promise<unknown> {
  if (source.stream) {
    if (source.argument !== undefined)
      throw new UsageError("--stream reads the requests from stdin; leave the JSON out");
    if (!method.requestStream)
      throw new UsageError(`${method.fullName} takes one request; --stream is for streams of them`);
    return fromLines(method, source.stdin);
  }
  const json = parse(await load(source), "the request");
  if (!method.requestStream) return checked(method, json, "the request");
  return Array.isArray(json)
    ? json.map((each, index) => checked(method, each, `request ${index + 1}`))
    : [checked(method, json, "the request")];
}

/** Of a method that takes a stream all are checked. @throws UsageError where one does not fit its type */
export function checkRequest(method: Method, request: unknown, what: string): void {
  if (!method.requestStream) checked(method, request, what);
  else if (!Array.isArray(request)) throw new UsageError(`${what}: ${method.fullName} takes a stream, an array here`);
  else for (const [index, each] of request.entries()) checked(method, each, `${what}, request ${index + 1},`);
}

async function load({ argument = "{}", stdin }: RequestSource): Promise<string> {
  if (argument === "-") return readText(stdin);
  if (!argument.startsWith("@")) return argument;
  try {
    return await readFile(argument.slice(1), "utf8");
  } catch (cause) {
    throw new UsageError(`${argument}: ${(cause as Error).message}`, { cause });
  }
}

async function* fromLines(method: Method, stdin: Io["stdin"]): AsyncGenerator<unknown> {
  let number = 0;
  for await (const line of linesOf(stdin)) {
    number++;
    const what = `line ${number} of stdin`;
    if (line.trim() !== "") yield checked(method, parse(line, what), what);
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() as string;
    yield* lines;
  }
  yield rest + decoder.decode();
}

function parse(json: string, what: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new UsageError(`${what} is no JSON: ${(cause as Error).message}`, { cause });
  }
}

function checked(method: Method, json: unknown, what: string): unknown {
  try {
    method.request.encode(json).finish();
    return json;
  } catch (cause) {
    throw new UsageError(`${what} does not fit ${method.request.$type}: ${(cause as Error).message}`, { cause });
  }
}
