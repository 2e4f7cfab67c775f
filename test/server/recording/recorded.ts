import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type ClosableClient, createClient } from "../../../src/client/client.js";
import type { Handlers, Middleware, ServiceDefinition } from "../../../src/contract/contract.js";
import {
  type Recording,
  type RecordingLine,
  type RecordingOptions,
  recording,
} from "../../../src/server/recording/recording.js";
import { createServer, type Server } from "../../../src/server/server.js";
import { systemClock } from "../../../src/time/time.js";
import { memoryTransport } from "../../../src/transport/memory/memory.js";
import { recordingLogger } from "../../registry/recording-logger.js";

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-recording-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Every line of every file, oldest file first. */
export async function recordsIn(folder: string): Promise<readonly RecordingLine[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jsonl")).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap((text) => text.trimEnd().split("\n")).map((line) => JSON.parse(line));
}

export interface Recorded<D extends ServiceDefinition> {
  readonly client: ClosableClient<D>;
  readonly server: Server;
  readonly record: Recording;
  readonly folder: string;
  readonly logger: ReturnType<typeof recordingLogger>;
  /** Ends the recording and reads it. */
  records(): Promise<readonly RecordingLine[]>;
}

/** A server of one contract, and a client of it in the same process, with everything recorded. */
export async function recorded<D extends ServiceDefinition>(
  definition: D,
  handlers: Handlers<D>,
  options: Partial<RecordingOptions> = {},
  inside: readonly Middleware[] = [],
  outside: readonly Middleware[] = [],
): Promise<Recorded<D>> {
  const folder = join(await temporaryFolder(), "recordings");
  const logger = recordingLogger();
  const record = recording({ folder, service: "shop", contracts: [definition], logger, ...options });
  const clock = options.clock ?? systemClock;
  const transport = memoryTransport({ clock });
  const server = createServer({ transport, address: "memory://shop", middleware: [...outside, record, ...inside] });
  server.add(definition, handlers);
  await server.start();
  const client = createClient(definition, { transport, clock, target: server.address });
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    await server.close({ graceMs: 0 });
    await record.close();
  });
  const records = async (): Promise<readonly RecordingLine[]> => {
    await record.close();
    return recordsIn(folder);
  };
  return { client, server, record, folder, logger, records };
}
