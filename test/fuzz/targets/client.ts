import { protobufCodec } from "../../../src/codec/protobuf.js";
import { Metadata, type Method } from "../../../src/contract/contract.js";
import { ClientConnection } from "../../../src/transport/http2/connection/client-connection.js";
import { callSettings } from "../../../src/transport/http2/grpc/call-settings.js";
import { startCall } from "../../../src/transport/http2/grpc/start-call.js";
import { connectionOptions, resolveOptions } from "../../../src/transport/http2/options.js";
import { wholeAnswer } from "../../support/http2/grpc.js";
import { preface } from "../../support/http2/constants.js";
import { ManualClock } from "../../support/manual-clock.js";
import { echoMethods } from "../exchange/echo-router.js";
import { FakeSocket } from "../exchange/fake-socket.js";
import { mutate } from "../exchange/mutate.js";
import { loadRecordings } from "../exchange/recording.js";
import { listen, outcomeOf, type Said } from "../exchange/said.js";
import { perform } from "../exchange/steps.js";
import { eventually, turns } from "../exchange/turns.js";
import { WatchedCall } from "../exchange/watched-call.js";
import { bytesOf, type Input } from "../input.js";
import { promise, type Target } from "../target.js";
import { toNextFrame } from "../wire/unfinished.js";

const recordings = loadRecordings();
const methods = [...echoMethods.values()];
const address = "grpc://127.0.0.1:1";
const mostCalls = 12;

/**
 * A client is sent what servers have said, mutated, while it makes the calls they were said to: the first step of an input
 * names them, a byte a method. Whatever comes, every call ends once; and where the connection stands, one more is answered.
 */
export const client: Target = {
  name: "client",
  share: 25,
  generate(dice) {
    const { calls, server } = dice.pick(recordings);
    const numbers = calls.map((path) => (dice.chance(0.9) ? indexOf(path) : dice.int(methods.length)));
    return [Buffer.from(numbers.slice(0, mostCalls)), ...mutate(dice, server, dice.pick(recordings).server)];
  },
  async check([first, ...input]) {
    const numbers = Buffer.isBuffer(first) ? [...first].slice(0, mostCalls) : [];
    const scene = new ClientScene(numbers.map((number) => methods[number % methods.length] as Method));
    await scene.play(input);
    const outcome = await scene.probe(input);
    await scene.end();
    return outcome;
  },
};

function indexOf(path: string): number {
  return Math.max(
    0,
    methods.findIndex((method) => method.path === path),
  );
}

class ClientScene {
  readonly #clock = new ManualClock();
  readonly #socket = new FakeSocket();
  readonly #options = resolveOptions({ clock: this.#clock });
  readonly #settings = callSettings(address, protobufCodec, this.#options);
  readonly #connection: ClientConnection;
  readonly #calls: WatchedCall[] = [];
  #closed = 0;

  /** @param planned called once the server's SETTINGS are there */
  constructor(planned: readonly Method[]) {
    this.#connection = new ClientConnection(this.#socket.socket, connectionOptions(this.#options), {
      onReady: () => {
        for (const method of planned) if (this.#connection.hasRoom) this.#start(method);
      },
      onRoom: () => {},
      onLeaving: () => {},
      onClosed: () => {
        this.#closed++;
      },
    });
  }

  async play(input: Input): Promise<void> {
    for (const step of input) await perform(step, this.#socket);
    await turns(2);
  }

  /** One call more, answered as it should be. */
  async probe(input: Input): Promise<string> {
    this.#socket.drain();
    await turns(1);
    const outcome = outcomeOf(this.#said());
    const { rest } = toNextFrame(bytesOf(input));
    if (rest > 0) this.#socket.receive(Buffer.alloc(rest));
    if (!this.#connection.hasRoom) return this.#connection.over ? outcome : `${outcome}, no room`;
    const probe = this.#start(methods[0] as Method);
    this.#socket.receive(wholeAnswer(2 * this.#calls.length - 1, { text: "probe" }));
    const answered = await eventually(() => probe.outcome !== undefined);
    if (!answered || probe.outcome !== "OK") {
      const ended = this.#connection.over || outcomeOf(this.#said()) !== outcome;
      promise(ended, `a fresh call, answered well, ends with ${probe.outcome ?? "nothing"}`);
    }
    return outcome;
  }

  async end(): Promise<void> {
    this.#socket.gone();
    await turns(1);
    await eventually(() => this.#closed > 0 && this.#calls.every(({ outcome }) => outcome !== undefined));
    promise(this.#closed === 1, `its end was told ${this.#closed} times`);
    for (const call of this.#calls) call.check();
    promise(this.#connection.running === 0, `${this.#connection.running} calls are counted`);
    promise(this.#clock.pending === 0, `${this.#clock.pending} timers are left behind`);
    promise(this.#socket.misuse === undefined, `the socket was ${this.#socket.misuse}`);
    this.#said();
  }

  #start(method: Method): WatchedCall {
    const request = method.request.fromPartial({ text: "a request", payload: Buffer.alloc(30) });
    const watched = new WatchedCall(method, request as object, new Metadata({ "x-caller": "fuzz" }));
    this.#calls.push(watched);
    const target = {
      address,
      acquire: (waiter: { onConnection(connection: ClientConnection): void }) => waiter.onConnection(this.#connection),
      forget: () => {},
    };
    startCall(watched.call, target, this.#settings, watched);
    return watched;
  }

  #said(): Said {
    const bytes = Buffer.concat(this.#socket.written);
    return listen(bytes.subarray(0, preface.length).equals(preface) ? bytes.subarray(preface.length) : bytes);
  }
}
