import { ServerConnection } from "../../../src/transport/http2/connection/server-connection.js";
import { startServerCall } from "../../../src/transport/http2/grpc/server-call.js";
import { connectionOptions, resolveOptions } from "../../../src/transport/http2/options.js";
import { preface } from "../../support/http2/constants.js";
import { data, headers } from "../../support/http2/frames.js";
import { echoRequest, requestFields } from "../../support/http2/grpc.js";
import { ManualClock } from "../../support/manual-clock.js";
import { EchoRouter } from "../exchange/echo-router.js";
import { FakeSocket } from "../exchange/fake-socket.js";
import { mutate } from "../exchange/mutate.js";
import { loadRecordings } from "../exchange/recording.js";
import { listen, outcomeOf, type Said } from "../exchange/said.js";
import { perform } from "../exchange/steps.js";
import { eventually, turns } from "../exchange/turns.js";
import { bytesOf, type Input } from "../input.js";
import { promise, type Target } from "../target.js";
import { toNextFrame } from "../wire/unfinished.js";

/** What clients have said to servers, behind the preface, which belongs to the door. */
const said = loadRecordings().map(({ client }) => client.subarray(preface.length));

/** A status no decent handler gives: the probe's own. */
const probeCode = 9;

/**
 * A server is sent what clients have said, mutated. Whatever comes: no fault of it is seen outside, its handlers end with
 * the connection, which says why it ends; and where it stands, the next call on it is served.
 */
export const server: Target = {
  name: "server",
  share: 30,
  generate: (dice) => mutate(dice, dice.pick(said), dice.pick(said)),
  async check(input) {
    const scene = new ServerScene();
    await scene.play(input);
    const outcome = await scene.probe(input);
    await scene.end();
    return outcome;
  },
};

class ServerScene {
  readonly #clock = new ManualClock();
  readonly #socket = new FakeSocket();
  readonly #router = new EchoRouter();
  readonly #connection: ServerConnection;
  #closed = 0;

  constructor() {
    const options = resolveOptions({ clock: this.#clock, maxConcurrentStreams: 100 });
    this.#connection = new ServerConnection(this.#socket.socket, connectionOptions(options), {
      onStream: (stream) => startServerCall(stream, this.#router, options, "fuzz"),
      onClosed: () => {
        this.#closed++;
      },
    });
  }

  async play(input: Input): Promise<void> {
    for (const step of input) await perform(step, this.#socket);
    await turns(2);
  }

  /** One call more, on a stream of its own. */
  async probe(input: Input): Promise<string> {
    this.#socket.drain();
    await turns(1);
    const before = this.#said();
    const outcome = outcomeOf(before);
    if (this.#connection.over || before.goaway !== undefined) return outcome;
    const sent = bytesOf(input);
    const { rest, lastId } = toNextFrame(sent);
    if (rest > 0) this.#socket.receive(Buffer.alloc(rest));
    const id = (lastId | 1) + 2;
    if (this.#connection.over || id > 2 ** 31 - 1) return outcome;
    const request = data(id, echoRequest({ failCode: probeCode }), { end: true });
    this.#socket.receive(Buffer.concat([headers(id, requestFields()), request]));
    let after = before;
    const answered = await eventually(() => {
      after = this.#said();
      return after.goaway !== undefined || after.headers.has(id) || after.resets.has(id);
    });
    promise(answered, "a call on a fresh stream gets no answer");
    if (after.goaway !== undefined && !after.headers.has(id)) return outcomeOf(after);
    const status = after.headers.get(id)?.[0]?.find(([name]) => name === "grpc-status")?.[1];
    promise(status === String(probeCode), `a call on a fresh stream is answered with ${status ?? "no status"}`);
    return outcome;
  }

  async end(): Promise<void> {
    this.#socket.gone();
    await turns(1);
    const done = await eventually(() => this.#closed > 0 && this.#router.atWork === 0 && this.#connection.running <= 0);
    promise(this.#closed === 1, `its end was told ${this.#closed} times`);
    promise(done, `${this.#router.atWork} handlers work on, ${this.#connection.running} calls are counted`);
    promise(this.#clock.pending === 0, `${this.#clock.pending} timers are left behind`);
    promise(this.#socket.misuse === undefined, `the socket was ${this.#socket.misuse}`);
  }

  #said(): Said {
    return listen(Buffer.concat(this.#socket.written));
  }
}
