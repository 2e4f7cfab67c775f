import { protobufCodec } from "../../../src/codec/protobuf.js";
import { Metadata, type Method } from "../../../src/contract/contract.js";
import { ClientConnection } from "../../../src/transport/http2/connection/client-connection.js";
import { callSettings } from "../../../src/transport/http2/grpc/call-settings.js";
import { startCall } from "../../../src/transport/http2/grpc/start-call.js";
import { connectionOptions, resolveOptions } from "../../../src/transport/http2/options.js";
import { preface } from "../../support/http2/constants.js";
import { ManualClock } from "../../support/manual-clock.js";
import type { Input } from "../input.js";
import { promise } from "../target.js";
import { FakeSocket } from "./fake-socket.js";
import { listen, type Said } from "./said.js";
import { maxMessageBytes } from "./server-scene.js";
import { perform } from "./steps.js";
import { eventually, turns } from "./turns.js";
import { WatchedCall } from "./watched-call.js";

const address = "grpc://127.0.0.1:1";

/** A client's side of one connection, and the calls on it. */
export class ClientScene {
  readonly socket: FakeSocket = new FakeSocket();
  readonly connection: ClientConnection;
  readonly calls: WatchedCall[] = [];
  readonly #clock = new ManualClock();
  readonly #options = resolveOptions({ clock: this.#clock, maxReceiveBytes: maxMessageBytes });
  readonly #settings = callSettings(address, protobufCodec, this.#options);
  #closed = 0;

  /** @param planned called once the server's SETTINGS are there */
  constructor(planned: readonly Method[]) {
    this.connection = new ClientConnection(this.socket.socket, connectionOptions(this.#options), {
      onReady: () => {
        for (const method of planned) if (this.connection.takesCall()) this.call(method);
      },
      onRoom: () => {},
      onLeaving: () => {},
      onClosed: () => {
        this.#closed++;
      },
    });
  }

  async play(input: Input): Promise<void> {
    for (const step of input) await perform(step, this.socket);
    await turns(2);
  }

  call(method: Method): WatchedCall {
    const request = method.request.fromPartial({ text: "a request", payload: Buffer.alloc(30) });
    const watched = new WatchedCall(method, request as object, new Metadata({ "x-caller": "fuzz" }));
    this.calls.push(watched);
    const target = {
      address,
      acquire: (waiter: { onConnection(connection: ClientConnection): void }) => waiter.onConnection(this.connection),
      forget: () => {},
    };
    startCall(watched.call, target, this.#settings, watched);
    return watched;
  }

  /** What it has said so far, behind the preface. */
  said(): Said {
    const bytes = Buffer.concat(this.socket.written);
    return listen(bytes.subarray(0, preface.length).equals(preface) ? bytes.subarray(preface.length) : bytes);
  }

  /** The server goes. @throws where something of the connection outlives it, or a call had no end of its own */
  async end(): Promise<void> {
    this.socket.gone();
    await turns(1);
    await eventually(() => this.#closed > 0 && this.calls.every(({ outcome }) => outcome !== undefined));
    promise(this.#closed === 1, `its end was told ${this.#closed} times`);
    for (const call of this.calls) call.check();
    promise(this.connection.running === 0, `${this.connection.running} calls are counted`);
    promise(this.#clock.pending === 0, `${this.#clock.pending} timers are left behind`);
    promise(this.socket.misuse === undefined, `the socket was ${this.socket.misuse}`);
  }
}
