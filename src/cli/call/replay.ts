import { type CallOptions, type Metadata, namesOfHttp, type ServiceDefinition } from "../../contract/contract.js";
import { RpcError } from "../../errors/errors.js";
import { hiddenText, type RecordingLine } from "../../server/recording/recording.js";
import { UsageError } from "../failure.js";
import { Interrupted } from "../interruptible.js";
import { printable } from "../paint.js";
import type { Terminal } from "../terminal.js";
import type { Caller } from "./caller.js";
import { type FoundMethod, findMethod, parseMethodName } from "./find-method.js";
import { filledRequest, type HiddenFields, parseSettings, requireWhole } from "./hidden-fields.js";
import { parseMetadata } from "./metadata.js";
import { type Outcome, verdict } from "./outcome.js";
import { type PlacedLine, recordedCalls } from "./recorded-calls.js";

export interface ReplayOptions {
  readonly id?: string;
  readonly set: readonly string[];
  readonly withRedacted?: boolean;
  readonly header: readonly string[];
  readonly timeout?: number;
}

/** A call as it is about to be made again. */
interface PreparedCall {
  readonly record: RecordingLine;
  readonly found: FoundMethod;
  readonly request: unknown;
  readonly options: CallOptions;
}

/** Recorded calls, to be made again in their order, one after the other. */
export class Replay {
  /** The contracts it needs, by full name. */
  readonly contracts: ReadonlySet<string>;
  readonly #file: string;
  readonly #lines: readonly PlacedLine[];
  readonly #fields: HiddenFields;
  readonly #metadata: Metadata;
  readonly #timeoutMs: number | undefined;

  /** @throws UsageError where the recording cannot be read, or a call in it cannot be made again as it was */
  static async read(file: string, options: ReplayOptions): Promise<Replay> {
    const fields = { given: parseSettings(options.set), empty: options.withRedacted ?? false };
    const metadata = parseMetadata(options.header);
    const lines = await recordedCalls(file, options.id);
    requireWhole(lines, fields);
    return new Replay(file, lines, fields, metadata, options.timeout);
  }

  private constructor(
    file: string,
    lines: readonly PlacedLine[],
    fields: HiddenFields,
    metadata: Metadata,
    timeoutMs: number | undefined,
  ) {
    this.#file = file;
    this.#lines = lines;
    this.#fields = fields;
    this.#metadata = metadata;
    this.#timeoutMs = timeoutMs;
    this.contracts = new Set(lines.map(({ record }) => record.method.replace(/\/.*/, "")));
  }

  /** The service whose calls these are. @throws UsageError where they are of several */
  get service(): string {
    const [service = "", ...others] = new Set(this.#lines.map(({ record }) => record.service));
    if (others.length === 0) return service;
    throw new UsageError(`${this.#file} has calls of ${[service, ...others].join(", ")}; name a service or an address`);
  }

  /**
   * Makes the calls; prints what comes, and on stderr whether it is as recorded. Nothing is sent before all can be.
   *
   * @throws UsageError where a call does not fit the contracts of today; Error where one went otherwise than recorded
   */
  async run(contracts: ReadonlyMap<string, ServiceDefinition>, caller: Caller, terminal: Terminal): Promise<void> {
    const calls = this.#lines.map((line) => this.#prepare(line, contracts, terminal.io.signal));
    await this.#tellHidden(terminal);
    let different = 0;
    for (const call of calls) {
      const outcome = await make(call, caller, terminal.io.signal);
      const { same, text, json } = verdict(call.record, call.found.method, outcome);
      if (!same) different++;
      const { id, method } = call.record;
      await terminal.note(terminal.json ? JSON.stringify(json) : printable(`${text} (${id}, ${method})`));
    }
    if (different > 0) throw new Error(`${different} of ${calls.length} calls did not go as recorded`);
  }

  #prepare(line: PlacedLine, contracts: ReadonlyMap<string, ServiceDefinition>, signal: AbortSignal): PreparedCall {
    const { record, place } = line;
    const found = named(place, () => findMethod(contracts, parseMethodName(record.method)));
    const timeoutMs = this.#timeoutMs ?? record.timeoutMs;
    return {
      record,
      found,
      request: filledRequest(line, found.method, this.#fields),
      options: {
        metadata: named(place, () => this.#metadataOf(record)),
        signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      },
    };
  }

  /** What was recorded, but for what was hidden and what belongs to the call of then; what is given now goes before it. */
  #metadataOf({ metadata }: RecordingLine): Metadata {
    const sent = this.#metadata.clone();
    for (const [key, values] of Object.entries(metadata)) {
      if (ofThen(key) || values.includes(hiddenText) || this.#metadata.has(key)) continue;
      for (const value of values) sent.append(key, key.endsWith("-bin") ? Buffer.from(value, "base64") : value);
    }
    return sent;
  }

  async #tellHidden(terminal: Terminal): Promise<void> {
    const hidden = this.#lines.flatMap(({ record: { metadata } }) =>
      Object.keys(metadata).filter((key) => metadata[key]?.includes(hiddenText) && !this.#metadata.has(key)),
    );
    if (hidden.length === 0) return;
    const keys = [...new Set(hidden)];
    const text = `not sent, for the recording hides it: ${keys.join(", ")}; give it with -H where it is needed`;
    await terminal.note(terminal.json ? JSON.stringify({ hiddenMetadata: keys }) : printable(text));
  }
}

/** Its trace is a new one, and what the transport adds it adds again. */
function ofThen(key: string): boolean {
  return key === "traceparent" || key === "tracestate" || key.startsWith("grpc-") || namesOfHttp.has(key);
}

async function make({ found, request, options }: PreparedCall, caller: Caller, signal: AbortSignal): Promise<Outcome> {
  const responses: unknown[] = [];
  try {
    await caller.call(found, request, options, (response) => responses.push(response));
    return { error: undefined, responses };
  } catch (reason) {
    if (signal.aborted) throw new Interrupted("interrupted");
    return { error: RpcError.from(reason), responses };
  }
}

/** @throws UsageError what `make` throws, with the place in front */
function named<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new UsageError(`${place}: ${(cause as Error).message}`, { cause });
  }
}
