import { expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { answerOf, frame } from "../../support/raw-grpc.js";
import type { WireSuiteOptions } from "../wire.js";
import { bidi, clientStream, decoded, hello, request, ServerStage, unary } from "./server-stage.js";
import { teller } from "./story.js";

/** Messages that are cut, lie about themselves, or are none. */
export function requestMessages(suite: WireSuiteOptions): void {
  const stage = new ServerStage(suite);
  const story = teller(suite);

  test("a prefix that breaks off is an error of this call", async () => {
    await stage.expectRefusal(
      stage.client.call(unary, Buffer.from([0, 0, 0])),
      Code.INTERNAL,
      /incomplete|broke off|truncated/i,
    );
  });

  test("a message shorter than its prefix says is an error of this call", async () => {
    await stage.expectRefusal(
      stage.client.call(unary, frame("abc", 0, 10)),
      Code.INTERNAL,
      /incomplete|broke off|truncated/i,
    );
  });

  test("a stream of requests that breaks off within a message never looks complete", async () => {
    const answer = await stage.client.call(clientStream, [hello, frame("abc", 0, 10)]);
    expect(answer.status).toBe(Code.INTERNAL);
    expect(answer.messages).toEqual([]);
    await stage.expectLife();
  });

  test("a length beyond the limit is refused before anything of it is here", async () => {
    const stream = stage.client.begin(unary);
    const answer = answerOf(stream);
    stream.write(frame("", 0, 0xffffffff));
    await new Promise((resolve) => stream.once("response", resolve));
    stream.end();
    expect(await answer).toMatchObject({ status: Code.RESOURCE_EXHAUSTED, messages: [] });
    await stage.expectLife();
  });

  test("bytes that are no protobuf are INTERNAL and name the message type", async () => {
    await stage.expectRefusal(
      stage.client.call(unary, frame(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00]))),
      Code.INTERNAL,
      /the request is no hawser\.test\.v1\.EchoRequest/,
    );
  });

  test("garbage within a stream of requests ends it", async () => {
    const garbage = frame(Buffer.from([0xff, 0xff, 0xff]));
    expect((await stage.client.call(clientStream, [hello, garbage])).status).toBe(Code.INTERNAL);
    expect((await stage.client.call(bidi, [frame(request({ count: 1 })), garbage])).status).toBe(Code.INTERNAL);
    await stage.expectLife();
  });

  test("no message to a method that takes one is UNIMPLEMENTED", async () => {
    await stage.expectRefusal(stage.client.call(unary), Code.UNIMPLEMENTED, /0 requests to a method that takes one/);
  });

  test("two messages to a method that takes one are UNIMPLEMENTED", async () => {
    await stage.expectRefusal(
      stage.client.call(unary, [hello, hello]),
      Code.UNIMPLEMENTED,
      /2 requests to a method that takes one/,
    );
  });

  test("bytes behind the message of a method that takes one are an error of this call", async () => {
    await stage.expectRefusal(
      stage.client.call(unary, [hello, Buffer.of(0, 0)]),
      Code.INTERNAL,
      /incomplete|broke off|truncated/i,
    );
  });

  story("a prefix with a flag nobody knows is INTERNAL", async () => {
    for (const flag of [2, 0x80, 0xff]) {
      const call = stage.client.call(unary, frame(request(), flag));
      await stage.expectRefusal(call, Code.INTERNAL, /flag/);
    }
  });

  test("messages may come in any pieces", async () => {
    const whole = Buffer.concat([hello, frame(request({ payload: Buffer.alloc(300, "x") })), frame("")]);
    const stream = stage.client.begin(clientStream);
    const answer = answerOf(stream);
    for (const byte of whole) stream.write(Buffer.of(byte));
    stream.end();
    expect(decoded(await answer)).toMatchObject([{ requests: 3 }]);
  });
}
