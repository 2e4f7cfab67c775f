import { onTestFinished } from "vitest";
import { type HandlerCall, isHandlerCall, type Middleware } from "../../../src/contract/contract.js";
import { createServer, type Server } from "../../../src/server/server.js";
import { type Http2TransportOptions, http2Transport } from "../../../src/transport/http2/http2.js";
import { type EchoHandlers, EchoServiceDefinition, echo } from "../echo.js";
import { ManualClock } from "../manual-clock.js";
import { data, headers } from "./frames.js";
import { answerTo, echoRequest, requestFields, responsesIn, wholeCall } from "./grpc.js";
import { RawPeer, type RawPeerOptions } from "./raw-peer.js";
import { isData, isSettings } from "./received.js";

export interface SiegeOptions extends Http2TransportOptions {
  readonly handlers?: Partial<EchoHandlers>;
}

/**
 * A server under attack: one that echoes, whose clock stands still, with a decent caller on a connection of its own and
 * a call of it running. Cleared after the test.
 */
export class Siege {
  readonly server: Server;
  readonly address: string;
  readonly clock: ManualClock;
  /** The calls of attackers that have reached a handler, but those of `expectCall()`. */
  readonly handlers: HandlerCount;
  readonly #bystander: RawPeer;
  readonly #bystanding: number;

  private constructor(server: Server, clock: ManualClock, handlers: HandlerCount, bystander: RawPeer) {
    this.server = server;
    this.address = server.address;
    this.clock = clock;
    this.handlers = handlers;
    this.#bystander = bystander;
    this.#bystanding = bystander.nextId();
    handlers.ignore = `127.0.0.1:${bystander.socket.localPort}`;
    bystander.write(headers(this.#bystanding, requestFields("Bidi")));
  }

  static async lay({ handlers, ...options }: SiegeOptions = {}): Promise<Siege> {
    const clock = new ManualClock();
    const count = new HandlerCount();
    const transport = http2Transport({ clock, ...options });
    const server = createServer({ transport, address: "grpc://127.0.0.1:0", middleware: [count.middleware] }).add(
      EchoServiceDefinition,
      echo(handlers),
    );
    await server.start();
    onTestFinished(async () => {
      const closed = server.close({ graceMs: 0 });
      await clock.run(0);
      await closed;
    });
    const siege = new Siege(server, clock, count, await dial(server.address));
    await siege.expectUntouched();
    return siege;
  }

  /** A further connection, closed after the test; one with a greeting of its own has yet to be answered. */
  attacker(options: RawPeerOptions = {}): Promise<RawPeer> {
    return dial(this.address, options);
  }

  /** Nobody else has noticed: the running call of another connection goes on, and so does a new one. */
  async expectUntouched(): Promise<void> {
    const peer = this.#bystander;
    peer.write(data(this.#bystanding, echoRequest({ count: 1, text: "still here" })));
    const answer = await peer.next(isData(this.#bystanding));
    if (!answer.payload.includes("still here")) throw new Error(`the bystander was told ${answer.payload}`);
    await expectCall(peer);
  }
}

export interface Attack {
  readonly siege: Siege;
  readonly attacker: RawPeer;
}

/** A siege with one attacker. */
export async function attack(options: SiegeOptions = {}): Promise<Attack> {
  const siege = await Siege.lay(options);
  return { siege, attacker: await siege.attacker() };
}

/** An attacker with a call that runs: its frames are read in a state in which most are allowed. */
export async function attackAmidCall(options: SiegeOptions = {}): Promise<Attack & { readonly id: number }> {
  const { siege, attacker } = await attack(options);
  const id = attacker.nextId();
  attacker.write(headers(id, requestFields("Bidi")));
  return { siege, attacker, id };
}

async function dial(address: string, options: RawPeerOptions = {}): Promise<RawPeer> {
  const peer = await RawPeer.connect(address, options);
  onTestFinished(() => peer.close());
  if (options.greeting === undefined) await peer.next(isSettings);
  return peer;
}

/** A connection works: a call on it is answered. */
export async function expectCall(peer: RawPeer): Promise<void> {
  const id = peer.nextId();
  peer.write(wholeCall(id, "Read", { text: `call ${id}` }));
  const answer = await answerTo(peer, id);
  const [response] = responsesIn(answer);
  if (answer.status !== 0 || response?.text !== `call ${id}`) {
    throw new Error(`a call was not answered well: ${JSON.stringify(answer)}`);
  }
}

/** Counts handlers as they are asked and as they finish. */
class HandlerCount {
  /** Ever. */
  asked = 0;
  running = 0;
  /** At once, so far. */
  most = 0;
  /** Whose calls are not counted. */
  ignore = "";

  readonly middleware: Middleware = (next) => async (call) => {
    if (!isHandlerCall(call) || this.#ignores(call)) return next(call);
    this.asked++;
    this.most = Math.max(this.most, ++this.running);
    let streams = false;
    try {
      const { message, header, trailer } = await next(call);
      streams = call.method.responseStream;
      return { message: streams ? this.#counted(message as AsyncIterable<unknown>) : message, header, trailer };
    } finally {
      if (!streams) this.running--;
    }
  };

  #ignores({ peer, method }: HandlerCall): boolean {
    return peer === this.ignore || method.name === "Read";
  }

  async *#counted(messages: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    try {
      yield* messages;
    } finally {
      this.running--;
    }
  }
}
