import { expect, onTestFinished } from "vitest";
import { type ClientBaseOptions, type ClosableClient, createClient } from "../../../src/client/client.js";
import type { RpcError } from "../../../src/errors/errors.js";
import { type Http2TransportOptions, http2Transport } from "../../../src/transport/http2/http2.js";
import { rpcFailure } from "../collect.js";
import { EchoServiceDefinition } from "../echo.js";
import { type ErrorName, errorName } from "./constants.js";
import { wholeAnswer } from "./grpc.js";
import { RawListener } from "./raw-listener.js";
import type { RawPeer, RawPeerOptions } from "./raw-peer.js";
import { type HeadersFrame, isGoaway, isHeaders, isReset } from "./received.js";

export interface AmbushOptions extends Http2TransportOptions {
  /** How the server behaves on every connection. */
  readonly server?: RawPeerOptions;
  readonly client?: Partial<ClientBaseOptions>;
}

export interface Asked {
  readonly ambush: Ambush;
  /** Of the call, which is to fail. */
  readonly outcome: Promise<RpcError>;
  readonly server: RawPeer;
  /** The stream of the call. */
  readonly id: number;
}

/** A client whose server answers as it likes. Cleared after the test. */
export class Ambush {
  readonly client: ClosableClient<EchoServiceDefinition>;
  readonly listener: RawListener;

  private constructor(listener: RawListener, { server: _, client, ...options }: AmbushOptions) {
    this.listener = listener;
    this.client = createClient(EchoServiceDefinition, {
      target: listener.address,
      transport: http2Transport({ reconnectInitialMs: 1, reconnectMaxMs: 1, ...options }),
      retry: false,
      timeoutMs: Number.POSITIVE_INFINITY,
      ...client,
    });
  }

  static async lay(options: AmbushOptions = {}): Promise<Ambush> {
    const listener = await RawListener.start(options.server);
    const ambush = new Ambush(listener, options);
    onTestFinished(async () => {
      await listener.close();
      await ambush.client.close();
    });
    return ambush;
  }

  /** The other end of the client's next connection. */
  accept(): Promise<RawPeer> {
    return this.listener.accept();
  }

  /** The connection carries on: a call on it is answered. */
  async expectCall(server: RawPeer): Promise<void> {
    const answer = this.client.read({});
    const { id } = await requestOn(server);
    server.write(wholeAnswer(id, { text: "well" }));
    expect((await answer).text).toBe("well");
  }

  /** The client ended the connection with the code, and its calls go on over another. */
  async expectConnectionError(server: RawPeer, code: ErrorName): Promise<void> {
    const goaway = await server.next(isGoaway);
    expect({ code: errorName(goaway.code), text: goaway.text }).toEqual({ code, text: expect.stringMatching(/./) });
    await server.closed;
    const answer = this.client.read({});
    const next = await this.accept();
    const { id } = await requestOn(next);
    next.write(wholeAnswer(id, { text: "elsewhere" }));
    expect((await answer).text).toBe("elsewhere");
  }

  /** The client reset one stream with the code, and the connection carries on. */
  async expectStreamError(server: RawPeer, id: number, code: ErrorName): Promise<void> {
    const reset = await server.next((frame) => isReset(id)(frame) || isGoaway(frame));
    expect({ kind: reset.kind, code: errorName((reset as { code: number }).code) }).toEqual({ kind: "reset", code });
    await this.expectCall(server);
  }
}

/** A client that has asked, and its server that has yet to answer. */
export async function asked(options: AmbushOptions = {}): Promise<Asked> {
  const ambush = await Ambush.lay(options);
  const outcome = rpcFailure(ambush.client.unary({}));
  const server = await ambush.accept();
  const { id } = await requestOn(server);
  return { ambush, outcome, server, id };
}

/** The header fields of the next call. */
export function requestOn(server: RawPeer): Promise<HeadersFrame> {
  return server.next(isHeaders());
}
