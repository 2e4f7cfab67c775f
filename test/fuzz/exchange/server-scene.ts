import { ServerConnection } from "../../../src/transport/http2/connection/server-connection.js";
import { startServerCall } from "../../../src/transport/http2/grpc/server-call.js";
import { connectionOptions, resolveOptions } from "../../../src/transport/http2/options.js";
import { ManualClock } from "../../support/manual-clock.js";
import type { Input } from "../input.js";
import { promise } from "../target.js";
import { EchoRouter } from "./echo-router.js";
import { FakeSocket } from "./fake-socket.js";
import { listen, type Said } from "./said.js";
import { perform } from "./steps.js";
import { eventually, turns } from "./turns.js";

/** Larger messages are refused. */
export const maxMessageBytes = 5000;

/** A server's side of one connection, its preface behind it, with real handlers. */
export class ServerScene {
  readonly socket: FakeSocket = new FakeSocket();
  readonly connection: ServerConnection;
  readonly #clock = new ManualClock();
  readonly #router = new EchoRouter();
  #closed = 0;

  constructor() {
    const options = resolveOptions({
      clock: this.#clock,
      maxConcurrentStreams: 100,
      maxReceiveBytes: maxMessageBytes,
    });
    this.connection = new ServerConnection(this.socket.socket, connectionOptions(options), {
      onStream: (stream) => startServerCall(stream, this.#router, options, "fuzz"),
      onClosed: () => {
        this.#closed++;
      },
    });
  }

  async play(input: Input): Promise<void> {
    for (const step of input) await perform(step, this.socket);
    await turns(2);
  }

  /** What it has answered so far. */
  said(): Said {
    return listen(Buffer.concat(this.socket.written));
  }

  /** The client goes. @throws where something of the connection outlives it */
  async end(): Promise<void> {
    this.socket.gone();
    await turns(1);
    const done = await eventually(() => this.#closed > 0 && this.#router.atWork === 0 && this.connection.running === 0);
    promise(this.#closed === 1, `its end was told ${this.#closed} times`);
    promise(done, `${this.#router.atWork} handlers work on, ${this.connection.running} calls are counted`);
    promise(this.#clock.pending === 0, `${this.#clock.pending} timers are left behind`);
    promise(this.socket.misuse === undefined, `the socket was ${this.socket.misuse}`);
  }
}
