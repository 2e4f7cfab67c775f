import { describe } from "vitest";
import type { Code } from "../../src/errors/errors.js";
import type { GrpcOptions } from "../../src/transport/grpc/options.js";
import type { Transport } from "../../src/transport/transport.js";
import { clientWords } from "./wire/client-words.js";
import { compression } from "./wire/compression.js";
import { foreignAnswers } from "./wire/foreign-answers.js";
import { foreignMessages } from "./wire/foreign-messages.js";
import { requestFields } from "./wire/request-fields.js";
import { requestMessages } from "./wire/request-messages.js";
import { serverAnswers } from "./wire/server-answers.js";
import { timeouts } from "./wire/timeouts.js";

/** What a transport that speaks gRPC gives the suite. */
export interface WireSuiteOptions {
  readonly name: string;
  readonly transport: (options?: GrpcOptions) => Transport;
  /** What its clients call themselves. */
  readonly userAgent: RegExp;
  /** What a call fails with whose stream was ended, or reset with NO_ERROR, before its status came. */
  readonly cutOff: Code;
  /** Stories it leaves out, each with the reason. */
  readonly skip?: { readonly [title: string]: string };
}

/** What every transport that speaks gRPC makes of a peer on node:http2 that says whatever it likes. */
export function wireSuite(options: WireSuiteOptions): void {
  const server = { timeouts, requestMessages, compression, requestFields, serverAnswers };
  for (const [title, chapter] of Object.entries(server)) {
    describe(`a ${options.name} server: ${title}`, () => chapter(options));
  }
  const client = { foreignAnswers, foreignMessages, clientWords };
  for (const [title, chapter] of Object.entries(client)) {
    describe(`a ${options.name} client: ${title}`, () => chapter(options));
  }
}
