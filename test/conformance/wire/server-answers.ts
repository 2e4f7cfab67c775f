import { expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { Moment } from "../../support/moment.js";
import { answerOf, frame, RawClient } from "../../support/raw-grpc.js";
import type { WireSuiteOptions } from "../wire.js";
import { hello, request, ServerStage, unary } from "./server-stage.js";

/** What a server says, and what it keeps to itself. */
export function serverAnswers(suite: WireSuiteOptions): void {
  const stage = new ServerStage(suite);

  test("an answer has the fields gRPC asks for", async () => {
    const answer = await stage.client.call(unary, hello);
    expect(answer.header).toMatchObject({ ":status": 200, "content-type": "application/grpc" });
    expect(answer.trailer).toMatchObject({ "grpc-status": "0" });
    expect(answer.messages).toHaveLength(1);
  });

  test("a message of any text is percent-encoded", async () => {
    const text = "\t\n☺ 😈 100 %\r\n";
    const answer = await stage.client.call(unary, frame(request({ failCode: 3, failMessage: text })));
    expect(answer).toMatchObject({ status: 3, message: text });
    expect(answer.trailer["grpc-message"]).toMatch(/^[ -~]*$/);
  });

  test("nothing of a failure nobody named is on the wire", async () => {
    const leaky = createServer({ transport: suite.transport(), address: "grpc://127.0.0.1:0" }).add(
      EchoServiceDefinition,
      echo({
        unary: () => {
          throw new Error("password=hunter2", { cause: new Error("secret=swordfish") });
        },
        async *serverStream() {
          yield {};
          throw Object.assign(new Error("password=hunter2"), { code: 5, details: "secret=swordfish" });
        },
      }),
    );
    await leaky.start();
    const other = new RawClient(leaky.address);
    for (const path of [unary, "/hawser.test.v1.EchoService/ServerStream"]) {
      const answer = await other.call(path, hello);
      expect(answer.status).toBe(Code.UNKNOWN);
      expect(answer.message).toMatch(/^unknown error \(error id [0-9a-f-]{36}\)$/);
      expect(JSON.stringify(answer)).not.toMatch(/hunter2|swordfish|\.ts|node:/);
    }
    await other.close();
    await leaky.close({ graceMs: 0 });
  });

  test("a caller that resets its call ends its handler, and no other call", async () => {
    const begun = new Moment();
    const ended = new Moment<unknown>();
    const waiting = createServer({ transport: suite.transport(), address: "grpc://127.0.0.1:0" }).add(
      EchoServiceDefinition,
      echo({
        put: async (_request, call) => {
          call.signal.addEventListener("abort", () => ended.now(call.signal.reason));
          begun.now();
          await ended.promise;
          return {};
        },
      }),
    );
    await waiting.start();
    const other = new RawClient(waiting.address);
    const stream = other.begin("/hawser.test.v1.EchoService/Put");
    const answer = answerOf(stream);
    stream.end(hello);
    await begun.promise;
    stream.close(8);
    expect(await ended.promise).toMatchObject({ code: Code.CANCELLED });
    await answer;
    expect((await other.call(unary, hello)).status).toBe(Code.OK);
    await other.close();
    await waiting.close({ graceMs: 0 });
  });
}
