import type { CallOptions, HandlerCall } from "../../../src/contract/contract.js";
import { collect } from "../../support/collect.js";
import type { EchoHandlers } from "../../support/echo.js";
import { aborted } from "../../support/moment.js";
import type { EchoClient } from "./story.js";

/** Handlers that act, then never answer until their signal ends them. */
export function hanging(act: (call: HandlerCall) => void): Partial<EchoHandlers> {
  const hang = async (call: HandlerCall): Promise<never> => {
    act(call);
    return aborted(call.signal);
  };
  return {
    unary: (_request, call) => hang(call),
    clientStream: (_requests, call) => hang(call),
    async *serverStream(_request, call) {
      yield {};
      await hang(call);
    },
    async *bidi(_requests, call) {
      yield {};
      await hang(call);
    },
  };
}

/** A stream of requests that never ends by itself. */
async function* endless(stop: Promise<unknown>): AsyncGenerator<object> {
  yield {};
  await stop;
}

/** A call of each of the four; where requests stream, until `stop` resolves. */
export function everyShape(
  client: EchoClient,
  stop: Promise<unknown>,
): readonly ((o: CallOptions) => Promise<unknown>)[] {
  return [
    (options) => client.unary({}, options),
    (options) => collect(client.serverStream({}, options)),
    (options) => client.clientStream(endless(stop), options),
    (options) => collect(client.bidi(endless(stop), options)),
  ];
}
