import { describe, expect, test } from "vitest";
import { Code } from "../../../../src/errors/errors.js";
import { data, headers } from "../../../support/http2/frames.js";
import { answerTo, changed, echoRequest, requestFields, responsesIn } from "../../../support/http2/grpc.js";
import type { Field } from "../../../support/http2/hpack.js";
import { Siege } from "../../../support/http2/siege.js";
import { expectStreamError } from "../../../support/http2/verdicts.js";

const decent = requestFields();
const without = (name: string): readonly Field[] => changed(decent, name, undefined);
const withField = (name: string, value: string): readonly Field[] => [...decent, [name, value]];

describe("a malformed request (RFC 9113 §8.1.1) is PROTOCOL_ERROR of its stream, and asks no handler: one", () => {
  test.each<[story: string, fields: readonly Field[]]>([
    // §8.2: names and values
    ["with an upper-case name (§8.2)", withField("X-Mark", "1")],
    ["with an upper-case letter within a name (§8.2)", withField("x-mArk", "1")],
    ["with an empty name (§8.2.1)", withField("", "1")],
    ["with a blank in a name (§8.2.1)", withField("x mark", "1")],
    ["with a colon in a name (§8.2.1)", withField("x:mark", "1")],
    ["with a control character in a name (§8.2.1)", withField("x\u0000mark", "1")],
    ["with a byte above ASCII in a name (§8.2.1)", withField("x-märk", "1")],
    ["with NUL in a value (§8.2.1)", withField("x-mark", "a\u0000b")],
    ["with LF in a value that has a meaning of its own (§8.2.1)", withField("user-agent", "a\nb")],
    ["with a line feed in a value (§8.2.1)", withField("x-mark", "a\nb")],
    ["with a carriage return in a value (§8.2.1)", withField("x-mark", "a\rx-evil: 1")],
    ["with a blank before a value (§8.2.1)", withField("x-mark", " a")],
    ["with a tab behind a value (§8.2.1)", withField("x-mark", "a\t")],

    // §8.2.2: fields of the connection
    ["with connection (§8.2.2)", withField("connection", "close")],
    ["with keep-alive (§8.2.2)", withField("keep-alive", "timeout=5")],
    ["with proxy-connection (§8.2.2)", withField("proxy-connection", "keep-alive")],
    ["with transfer-encoding (§8.2.2)", withField("transfer-encoding", "chunked")],
    ["with upgrade (§8.2.2)", withField("upgrade", "h2c")],
    ["with te other than trailers (§8.2.2)", changed(decent, "te", "gzip")],
    ["with te that names more than trailers (§8.2.2)", changed(decent, "te", "trailers, deflate")],

    // §8.3: pseudo-header fields
    [
      "with a pseudo-header field behind others (§8.3)",
      [...without(":path"), [":path", "/hawser.test.v1.EchoService/Unary"]],
    ],
    ["with a pseudo-header field nobody knows (§8.3)", [[":mark", "1"], ...decent]],
    ["with a pseudo-header field of responses (§8.3)", [[":status", "200"], ...decent]],
    ["with an empty pseudo-header field (§8.3)", [[":", "1"], ...decent]],
    ["with :protocol, which was not offered (RFC 8441 §4)", [[":protocol", "websocket"], ...decent]],
    ["without :method (§8.3.1)", without(":method")],
    ["without :scheme (§8.3.1)", without(":scheme")],
    ["without :path (§8.3.1)", without(":path")],
    ["with an empty :path (§8.3.1)", changed(decent, ":path", "")],
    [
      "with a :path that does not begin with a slash (§8.3.1)",
      changed(decent, ":path", "hawser.test.v1.EchoService/Unary"),
    ],
    ["with :method twice (§8.3.1)", [[":method", "POST"], ...decent]],
    ["with :scheme twice (§8.3.1)", [[":scheme", "http"], ...decent]],
    ["with :path twice (§8.3.1)", [[":path", "/hawser.test.v1.EchoService/Put"], ...decent]],
    ["with :authority twice (§8.3.1)", [[":authority", "other"], ...decent]],
    ["without any field", []],

    // §8.1.1: lengths
    ["with a content-length that is more than came (§8.1.1)", withField("content-length", "1000000")],
    ["with a content-length that is less than came (§8.1.1)", withField("content-length", "1")],
    ["with a content-length that is no number (§8.1.1)", withField("content-length", "-5")],
    ["with two different content-lengths (§8.1.1)", [...withField("content-length", "1"), ["content-length", "2"]]],
  ])("%s", async (_story, fields) => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker();
    const id = attacker.nextId();
    attacker.write(headers(id, fields), data(id, echoRequest({ text: "smuggled" }), { end: true }));
    await expectStreamError(siege, attacker, id, "PROTOCOL_ERROR");
    expect(siege.handlers.asked).toBe(0);
  });
});

describe("a request that only looks odd is served: one", () => {
  test.each<[story: string, fields: readonly Field[]]>([
    ["with its pseudo-header fields in another order (§8.3)", [...decent.slice(0, 4).reverse(), ...decent.slice(4)]],
    ["without :authority (§8.3.1)", without(":authority")],
    ["with host in place of :authority (§8.3.1)", [...without(":authority"), ["host", "127.0.0.1"]]],
    ["without te", without("te")],
    ["with another scheme", changed(decent, ":scheme", "https")],
    [
      "with a content-length that is right (§8.1.1)",
      withField("content-length", String(echoRequest({ text: "served" }).length)),
    ],
    ["with an empty value", withField("x-empty", "")],
    ["with a blank and a tab within a value", withField("x-mark", "a \t b")],
  ])("%s", async (_story, fields) => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker();
    const id = attacker.nextId();
    attacker.write(headers(id, fields), data(id, echoRequest({ text: "served" }), { end: true }));
    expect(responsesIn(await answerTo(attacker, id))).toMatchObject([{ text: "served" }]);
  });
});

test("a second message to a method that takes one ends the call there and then", async () => {
  const siege = await Siege.lay();
  const attacker = await siege.attacker();
  const id = attacker.nextId();
  attacker.write(headers(id, decent), data(id, echoRequest()), data(id, echoRequest()));
  expect(await answerTo(attacker, id)).toMatchObject({
    status: Code.UNIMPLEMENTED,
    message: expect.stringMatching(/2 requests to a method that takes one/),
  });
  expect(siege.handlers.asked).toBe(0);
});
