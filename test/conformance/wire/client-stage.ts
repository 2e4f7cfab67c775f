import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { expect, onTestFinished } from "vitest";
import { type ClosableClient, createClient } from "../../../src/client/client.js";
import type { Code } from "../../../src/errors/errors.js";
import { EchoResponse } from "../../gen/hawser/test/v1/echo.js";
import { collect, rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition } from "../../support/echo.js";
import { frame, RawServer } from "../../support/raw-grpc.js";
import type { WireSuiteOptions } from "../wire.js";

export type Answer = (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => void;

export const response = (message: Partial<EchoResponse> = {}): Buffer =>
  Buffer.from(EchoResponse.encode(EchoResponse.fromPartial(message)).finish());
export const good = (stream: ServerHttp2Stream): void => answer(stream, [frame(response({ text: "good" }))]);

/** A decent answer, but for what is given. */
export function answer(
  stream: ServerHttp2Stream,
  body: readonly Buffer[] = [],
  trailer: { readonly [name: string]: string | string[] } = { "grpc-status": "0" },
  header: { readonly [name: string]: string } = {},
): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc", ...header }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailer));
  for (const part of body) stream.write(part);
  stream.end();
}

/** Clients of servers that answer `put` well and everything else as told. */
export class ClientStage {
  readonly #suite: WireSuiteOptions;

  constructor(suite: WireSuiteOptions) {
    this.#suite = suite;
  }

  async clientOf(act: Answer): Promise<ClosableClient<EchoServiceDefinition>> {
    const server = await RawServer.start((stream, fields) => {
      if (String(fields[":path"]).endsWith("/Put")) good(stream);
      else act(stream, fields);
    });
    const client = createClient(EchoServiceDefinition, {
      target: server.address,
      transport: this.#suite.transport(),
      retry: false,
    });
    onTestFinished(async () => {
      await server.close();
      await client.close();
    });
    return client;
  }

  /** Both a unary call and a stream end with the status, as this side's failure or the server's, and the channel lives on. */
  async expectEnd(act: Answer, code: Code, remote: boolean, text: RegExp): Promise<void> {
    const client = await this.clientOf(act);
    for (const call of [() => client.unary({}), () => collect(client.serverStream({}))]) {
      const error = await rpcFailure(call());
      expect({ code: error.code, remote: error.remote, message: error.message }).toEqual({
        code,
        remote,
        message: expect.stringMatching(text),
      });
      expect((await client.put({})).text).toBe("good");
    }
  }
}
