import { randomBytes } from "node:crypto";
import type { Closeable, HandlerCall, Method, ServiceDefinition } from "../../contract/contract.js";
import { ContractMessages, type MethodMessages } from "./contract-messages.js";
import { Journal } from "./journal.js";
import type { ResolvedRecordingOptions } from "./options.js";
import { RecordedCall, type RecordedMethod } from "./recorded-call.js";
import { recordingName, removeOldest } from "./recording-files.js";
import { RotatingFile } from "./rotating-file.js";

/** A waiting record is more than its messages. */
const bytesOfRecord = 1024;

/** Follows calls and writes down each when it is over. */
export class Recorder implements Closeable {
  readonly #options: ResolvedRecordingOptions;
  readonly #journal: Journal;
  readonly #contracts: ReadonlyMap<string, ServiceDefinition>;
  readonly #messages = new Map<string, ContractMessages>();
  readonly #unreadable = new Set<string>();
  readonly #methods = new Map<Method, RecordedMethod>();
  /** Of this process: what makes ids differ from those of other instances. */
  readonly #prefix = randomBytes(3).toString("hex");
  #calls = 0;

  constructor(options: ResolvedRecordingOptions) {
    const { folder, service, contracts, clock, logger, maxFileBytes, maxFiles, maxPendingBytes } = options;
    const file = new RotatingFile({
      folder,
      name: recordingName(service, clock.now()),
      maxBytes: maxFileBytes,
      makeRoom: () => removeOldest({ folder, service, keep: maxFiles - 1 }),
    });
    this.#options = options;
    this.#contracts = new Map(contracts.map((contract) => [contract.fullName, contract]));
    this.#journal = new Journal({ file, maxPendingBytes, clock, logger: logger.child({ recording: folder }) });
  }

  follow(call: HandlerCall): RecordedCall {
    return new RecordedCall(`${this.#prefix}-${++this.#calls}`, call, this.#method(call.method), (ended) =>
      this.#journal.add({
        bytes: bytesOfRecord + ended.bytes,
        line: () => `${JSON.stringify(ended.record())}\n`,
      }),
    );
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #method(method: Method): RecordedMethod {
    let known = this.#methods.get(method);
    if (known === undefined) {
      const { service, responses, hiddenMetadata, maxCallBytes, maxCallMessages, clock } = this.#options;
      known = {
        service,
        messages: this.#messagesOf(method),
        responses,
        hiddenMetadata: new Set(hiddenMetadata.map((each) => each.toLowerCase())),
        limits: { maxBytes: maxCallBytes, maxMessages: maxCallMessages },
        clock,
      };
      this.#methods.set(method, known);
    }
    return known;
  }

  /** How to read the messages of a method, or why nobody may; of a contract that is logged once. */
  #messagesOf(method: Method): MethodMessages | string {
    try {
      return this.#contract(method.service).method(method);
    } catch (cause) {
      const reason = (cause as Error).message;
      if (!this.#unreadable.has(method.service)) {
        this.#options.logger.warn({ contract: method.service, reason }, "messages are not recorded");
      }
      this.#unreadable.add(method.service);
      return reason;
    }
  }

  #contract(name: string): ContractMessages {
    let messages = this.#messages.get(name);
    if (messages === undefined) {
      const definition = this.#contracts.get(name);
      if (definition === undefined) throw new Error(`${name} is none of the contracts of this recording`);
      messages = new ContractMessages(definition);
      this.#messages.set(name, messages);
    }
    return messages;
  }
}
