import { OutgoingCall } from "../../../../../dist/client/outgoing-call.js";
import {
  type HandlerCall,
  Metadata,
  type Method,
  methodsOf,
  RequestStream,
} from "../../../../../dist/contract/contract.js";
import { type BidiRequest, EchoServiceDefinition } from "../../../gen/ts-proto/bench/v1/echo.js";
import type { Transport } from "../../../parties/hawser/hawser.js";
import { http2Transport } from "../../../parties/hawser-http2/transport.js";
import type { Holder } from "../holder.js";
import { maxStreams, once } from "./once.js";

const bidi = methodsOf(EchoServiceDefinition).find(({ localName }) => localName === "bidi") as Method;

let channel: ReturnType<Transport["connect"]>;
const held: unknown[] = [];

/** The transport alone, without what Hawser puts above it: middleware, telemetry, selector, the handler's context. */
export const holder: Holder = {
  async serve() {
    const transport = http2Transport({ maxConcurrentStreams: maxStreams });
    const listener = await transport.listen("grpc://127.0.0.1:0", {
      methods: new Map([[bidi.path, bidi]]),
      invoke: async (call) => {
        const { header, trailer } = call as HandlerCall;
        return { message: echo(call.message as AsyncIterable<BidiRequest>), header, trailer: () => trailer };
      },
    });
    return [listener.address];
  },

  async prepare([address = ""]) {
    channel = http2Transport().connect(address);
  },

  async open() {
    const requests = new RequestStream(once({ payload: Buffer.from("hawser") }));
    const reply = await channel.invoke(new OutgoingCall(bidi, requests, new Metadata(), undefined, undefined));
    const responses = (reply.message as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    await responses.next();
    held.push(responses, responses.next());
  },
};

async function* echo(requests: AsyncIterable<BidiRequest>): AsyncGenerator<BidiRequest> {
  for await (const { payload } of requests) yield { payload };
}
