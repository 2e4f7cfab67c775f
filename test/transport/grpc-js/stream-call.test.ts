import { describe, expect, it } from "vitest";
import { protobufCodec } from "../../../src/codec/protobuf.js";
import { type Call, ContextValues, Metadata, type Method, methodsOf } from "../../../src/contract/contract.js";
import type { Grpc } from "../../../src/transport/grpc-js/grpc.js";
import { StreamCall } from "../../../src/transport/grpc-js/stream-call.js";
import { type EchoRequest, EchoServiceDefinition } from "../../support/echo.js";
import { ManualClock } from "../../support/manual-clock.js";

const method = methodsOf(EchoServiceDefinition).find(({ localName }) => localName === "clientStream") as Method;

/** A call that grpc-js has begun to send, and what it is given from then on. */
function given(message: unknown) {
  const sent: string[] = [];
  let headers: Grpc.Metadata | undefined;
  const wire = {
    start: (given: Grpc.Metadata) => {
      headers = given;
    },
    startRead: () => {},
    sendMessageWithContext: ({ callback }: { callback: () => void }, bytes: Buffer) => {
      sent.push((protobufCodec.decode(method.request, bytes) as EchoRequest).text);
      process.nextTick(callback);
    },
    halfClose: () => sent.push("end"),
  };
  const call: Call = {
    ...{ method, message, metadata: new Metadata(), deadline: undefined, signal: undefined },
    ...{ values: new ContextValues(), attempt: 1, instance: undefined },
    with: () => call,
  };
  const settings = {
    ...{ address: "grpc://127.0.0.1:1", codec: protobufCodec, contentType: "application/grpc" },
    ...{ compressMinBytes: 1024, windowBytes: 65_536, clock: new ManualClock() },
  };
  const channel = { createCall: () => wire } as unknown as Grpc.ChannelInterface;
  const caller = { resolve: () => {}, reject: () => {}, ended: () => {} };
  new StreamCall(call, channel, settings, caller).start();
  return { sent, askForHeader: () => headers?.toHttp2Headers() };
}

describe("a stream of requests over grpc-js", () => {
  it("is not touched before the call is sent", async () => {
    let begun = false;
    const { sent } = given({
      [Symbol.iterator]: () => {
        begun = true;
        return [][Symbol.iterator]();
      },
    });
    await Promise.resolve();
    expect(begun).toBe(false);
    expect(sent).toEqual([]);
  });

  it("that never waits costs no promise a message", async () => {
    const { sent, askForHeader } = given([{ text: "one" }, { text: "two" }, { text: "three" }]);
    askForHeader();
    await Promise.resolve();
    expect(sent).toEqual(["one", "two", "three"]);
  });

  it("is written once, though the header is asked for again where a connection has just gone", async () => {
    const { sent, askForHeader } = given([{ text: "one" }, { text: "two" }]);
    askForHeader();
    askForHeader();
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toEqual(["one", "two", "end"]);
  });
});
