import { expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { answerOf } from "../../support/raw-grpc.js";
import type { WireSuiteOptions } from "../wire.js";
import { clientStream, hello, ServerStage, unary } from "./server-stage.js";

/** What `grpc-timeout` says, and what it cannot. */
export function timeouts(suite: WireSuiteOptions): void {
  const stage = new ServerStage(suite);

  test.each([
    "",
    "1",
    "m",
    "S1",
    "-1m",
    "+1m",
    "1.5S",
    "1e3m",
    "1 m",
    "1mm",
    "1x",
    "0x1m",
    "123456789m",
    "१m",
    "1m,1m",
  ])("%j is INTERNAL and names the value", async (timeout) => {
    const encoded = Buffer.from(timeout).toString("latin1");
    await stage.expectRefusal(
      stage.client.call(unary, hello, { "grpc-timeout": encoded }),
      Code.INTERNAL,
      /^malformed grpc-timeout .*expected 1 to 8 digits and a unit/,
    );
  });

  test.each(["1H", "99999999H", "3M", "00000009S", "99999999m", "99999999u", "99999999n"])(
    "%j is time enough",
    async (timeout) => {
      expect((await stage.client.call(unary, hello, { "grpc-timeout": timeout })).status).toBe(Code.OK);
    },
  );

  test.each(["0S", "0n", "00000000H"])("%j is over before the handler is asked", async (timeout) => {
    await stage.expectRefusal(
      stage.client.call(unary, hello, { "grpc-timeout": timeout }),
      Code.DEADLINE_EXCEEDED,
      /deadline/,
    );
  });

  test("a caller who never sends its request is told when its time is over", async () => {
    const stream = stage.client.begin(unary, { "grpc-timeout": "20m" });
    const answer = answerOf(stream);
    await new Promise((resolve) => stream.once("response", resolve));
    stream.end();
    expect((await answer).status).toBe(Code.DEADLINE_EXCEEDED);
    await stage.expectLife();
  });

  test("a caller who never ends its stream of requests is told when its time is over", async () => {
    const stream = stage.client.begin(clientStream, { "grpc-timeout": "20m" });
    const answer = answerOf(stream);
    stream.write(hello);
    await new Promise((resolve) => stream.once("response", resolve));
    stream.end();
    expect((await answer).status).toBe(Code.DEADLINE_EXCEEDED);
    await stage.expectLife();
  });
}
