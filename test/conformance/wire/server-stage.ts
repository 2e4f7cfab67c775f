import { afterAll, beforeAll, expect } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { createServer, type Server } from "../../../src/server/server.js";
import { EchoRequest, EchoResponse } from "../../gen/hawser/test/v1/echo.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { frame, type RawAnswer, RawClient } from "../../support/raw-grpc.js";
import type { WireSuiteOptions } from "../wire.js";

export const unary = "/hawser.test.v1.EchoService/Unary";
export const clientStream = "/hawser.test.v1.EchoService/ClientStream";
export const bidi = "/hawser.test.v1.EchoService/Bidi";

export const request = (message: Partial<EchoRequest> = {}): Buffer =>
  Buffer.from(EchoRequest.encode(EchoRequest.fromPartial(message)).finish());
export const hello: Buffer = frame(request({ text: "hello" }));
export const decoded = ({ messages }: RawAnswer): EchoResponse[] =>
  messages.map(({ bytes }) => EchoResponse.decode(bytes));

/** A server that echoes, and a client of it that says whatever it is told to, on one connection. */
export class ServerStage {
  client!: RawClient;
  #server!: Server;
  /** What the handler of `unary` was given since the last refusal began. */
  #handled: EchoRequest[] = [];

  /** To be made where tests are described. */
  constructor({ transport }: WireSuiteOptions) {
    const base = echo();
    beforeAll(async () => {
      this.#server = createServer({ transport: transport(), address: "grpc://127.0.0.1:0" }).add(
        EchoServiceDefinition,
        echo({
          unary: (message, call) => {
            this.#handled.push(message);
            return base.unary(message, call);
          },
        }),
      );
      await this.#server.start();
      this.client = new RawClient(this.#server.address);
    });
    afterAll(async () => {
      await this.client.close();
      await this.#server.close({ graceMs: 0 });
    });
  }

  /** The connection stands, and the next call on it is answered. */
  async expectLife(): Promise<void> {
    expect(this.client.open).toBe(true);
    const answer = await this.client.call(unary, hello);
    expect(answer.status).toBe(Code.OK);
    expect(decoded(answer)).toMatchObject([{ text: "hello" }]);
  }

  /** A call that is ended with a status, its handler unasked, and harms nobody else. */
  async expectRefusal(call: Promise<RawAnswer>, code: Code, text: RegExp): Promise<void> {
    this.#handled = [];
    const answer = await call;
    expect({ status: answer.status, message: answer.message }).toEqual({
      status: code,
      message: expect.stringMatching(text),
    });
    expect(answer.header[":status"]).toBe(200);
    expect(answer.messages).toEqual([]);
    expect(this.#handled).toEqual([]);
    await this.expectLife();
  }
}
