import { expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { answerOf, frame } from "../../support/raw-grpc.js";
import type { WireSuiteOptions } from "../wire.js";
import { bidi, decoded, hello, request, ServerStage, unary } from "./server-stage.js";
import { teller } from "./story.js";

/** Header fields of requests. */
export function requestFields(suite: WireSuiteOptions): void {
  const stage = new ServerStage(suite);
  const story = teller(suite);

  test.each([undefined, "text/plain", "application/json", "application/grp"])(
    "content-type %s is no gRPC: 415",
    async (contentType) => {
      const answer = await stage.client.call(unary, hello, { "content-type": contentType });
      expect(answer.header[":status"]).toBe(415);
      expect(answer.messages).toEqual([]);
      await stage.expectLife();
    },
  );

  test.each(["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"])(
    "content-type %s is protobuf",
    async (contentType) => {
      const answer = await stage.client.call(unary, hello, { "content-type": contentType });
      expect(decoded(answer)).toMatchObject([{ text: "hello" }]);
    },
  );

  test.each(["application/grpc+xml", "application/grpc-web", "application/grpcweb+proto"])(
    "content-type %s is UNIMPLEMENTED, and the answer says what is not",
    async (contentType) => {
      await stage.expectRefusal(
        stage.client.call(unary, hello, { "content-type": contentType }),
        Code.UNIMPLEMENTED,
        /supported are application\/grpc\+proto, application\/grpc\+json/,
      );
    },
  );

  test.each([
    "/hawser.test.v1.EchoService/Nothing",
    "/no.such.Service/Unary",
    "/",
    "/x",
    unary.toLowerCase(),
    `${unary}/`,
    `/${unary}`,
  ])("path %s is UNIMPLEMENTED", async (path) => {
    await stage.expectRefusal(
      stage.client.call(path, hello),
      Code.UNIMPLEMENTED,
      /does not implement the method|has no method/,
    );
  });

  test.each(["__proto__", "constructor", "toString"])("path /%s is UNIMPLEMENTED", async (name) => {
    await stage.expectRefusal(
      stage.client.call(`/${name}`, hello),
      Code.UNIMPLEMENTED,
      /does not implement the method|has no method/,
    );
  });

  test.each(["%%%", "a", "AB=C", "AAAAA", "☺".normalize()])(
    "-bin metadata %j that is no base64 is INTERNAL",
    async (value) => {
      await stage.expectRefusal(
        stage.client.call(unary, hello, { "x-seal-bin": Buffer.from(value).toString("latin1") }),
        Code.INTERNAL,
        /x-seal-bin/,
      );
    },
  );

  test("-bin metadata may be padded or not, and several values may share a field", async () => {
    const answer = await stage.client.call(unary, hello, { "x-seal-bin": "AQ==,AQI", "x-none-bin": "" });
    expect(decoded(answer)[0]?.metadata).toEqual({ "x-seal-bin": "AQ==,AQI=", "x-none-bin": "" });
  });

  test("repeated fields are several values, and what belongs to gRPC or HTTP is no metadata", async () => {
    const answer = await stage.client.call(unary, hello, {
      "x-list": ["one", "two"],
      "user-agent": "raw/1.0",
      "grpc-timeout": "10S",
      "grpc-accept-encoding": "identity",
      "grpc-previous-rpc-attempts": "1",
      "accept-encoding": "identity",
    });
    expect(decoded(answer)[0]?.metadata).toEqual({ "x-list": "one,two" });
  });

  test("header fields beyond the limit end the call, and no other", async () => {
    const running = stage.client.begin(bidi);
    const answer = answerOf(running);
    running.write(frame(request({ count: 1, text: "before" })));
    const refused = await stage.client.call(unary, hello, { "x-large": "x".repeat(17_000) });
    expect(refused.status).not.toBe(Code.OK);
    expect(refused.messages).toEqual([]);
    running.end(frame(request({ count: 1, text: "after" })));
    expect(decoded(await answer).map(({ text }) => text)).toEqual(["before", "after"]);
    await stage.expectLife();
  });

  story("more header fields than anybody needs end the call, and no other", async () => {
    const fields = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, "1"]));
    const refused = await stage.client.call(unary, hello, fields);
    expect(refused.status).not.toBe(Code.OK);
    await stage.expectLife();
  });

  test("another method than POST is no call", async () => {
    const answer = await stage.client.call(unary, hello, { ":method": "PUT" });
    expect(answer.status).not.toBe(Code.OK);
    await stage.expectLife();
  });
}
