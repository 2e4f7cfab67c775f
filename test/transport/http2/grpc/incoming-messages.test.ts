import { expect, test } from "vitest";
import { protobufCodec } from "../../../../src/codec/protobuf.js";
import type { MessageType } from "../../../../src/contract/contract.js";
import { Code, RpcError } from "../../../../src/errors/errors.js";
import { IncomingMessages } from "../../../../src/transport/http2/grpc/incoming-messages.js";
import type { Stream } from "../../../../src/transport/http2/stream/stream.js";
import { EchoRequest } from "../../../gen/hawser/test/v1/echo.js";

/** A stream of a connection that has so much memory to give. */
function given(memoryBytes: number) {
  const seen = { credited: 0, heldBytes: 0, faults: [] as RpcError[] };
  const receiving = {
    trusts: () => true,
    hold: (bytes: number) => {
      if (seen.heldBytes + bytes > memoryBytes) return false;
      seen.heldBytes += bytes;
      return true;
    },
    letGo: (bytes: number) => {
      seen.heldBytes -= bytes;
    },
  };
  const stream = {
    connection: { receiving },
    unreadBytes: 0,
    credit: (bytes: number) => {
      seen.credited += bytes;
    },
  } as unknown as Stream;
  const receiver = {
    full: false,
    onMessage: () => {},
    onMessagesEnd: () => {},
    onMessageFault: (error: RpcError) => seen.faults.push(error),
    notDecodable: (cause: unknown) => RpcError.from(cause),
  };
  return { seen, messages: new IncomingMessages(stream, protobufCodec, EchoRequest as MessageType, 5000, receiver) };
}

test("a message the connection has no memory for ends its call once, and nothing of it is held", () => {
  const { seen, messages } = given(100);
  const begun = Buffer.from([0, 0, 0, 4, 0, ...Buffer.alloc(50)]);
  messages.data(begun, 0, begun.length);
  expect(seen).toMatchObject({ credited: begun.length, heldBytes: 0, faults: [{ code: Code.RESOURCE_EXHAUSTED }] });
  messages.data(begun, 0, begun.length);
  expect(seen).toMatchObject({ credited: 2 * begun.length, heldBytes: 0, faults: [{}] });
});
