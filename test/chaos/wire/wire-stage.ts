import type { CallOptions } from "../../../src/contract/contract.js";
import { Code, codeName, RpcError } from "../../../src/errors/errors.js";
import { type ClosableClient, createClient } from "../../../src/index.js";
import type { Random } from "../../../src/time/time.js";
import { EchoServiceDefinition } from "../../support/echo.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import { tls } from "../../support/tls/certificates.js";
import { Callers } from "../callers.js";
import { type Conversation, conversations } from "./conversations.js";
import { type ServedOptions, ServedProcess } from "./served-process.js";
import { chosenTransport, impatient } from "./transport.js";

const callers = { count: 50, thinkMs: 40 };
const timeoutMs = 3000;
/** What ends later than its deadline by more than this, on a busy machine, has not heard of it. */
const lateMs = 2000;

/** What a call may fail with when something befalls the road or the server. */
const honest: ReadonlySet<Code> = new Set([Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED]);

/** What a call fails with whose caller breaks it off. */
const askedFor: ReadonlySet<Code> = new Set([Code.CANCELLED, Code.DEADLINE_EXCEEDED]);

/** A server of its own process, a road to it that things can be done to, and a client of 50 callers on one connection. */
export class WireStage implements AsyncDisposable {
  readonly served: ServedProcess;
  readonly road: TcpProxy;
  readonly callers: Callers;
  /** Which promises were not kept. */
  readonly broken: string[] = [];
  readonly #client: ClosableClient<EchoServiceDefinition>;
  readonly #random: Random;

  /** @throws Error where it does not come to life; nothing is left then */
  static async start(options: ServedOptions, random: Random): Promise<WireStage> {
    const served = await ServedProcess.start(options);
    const road = await TcpProxy.to(served.address);
    const stage = new WireStage(served, road, random);
    try {
      await stage.well();
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(served: ServedProcess, road: TcpProxy, random: Random) {
    this.served = served;
    this.road = road;
    this.#random = random;
    const transport = chosenTransport({ ...impatient, tls: { ca: tls.ca as Buffer } });
    this.#client = createClient(EchoServiceDefinition, { target: road.addressFor(served.address), transport });
    const kinds = Object.entries(conversations);
    this.callers = new Callers(
      (caller) => {
        const [kind, conversation] = kinds[caller % kinds.length] as (typeof kinds)[number];
        return this.#hold(kind, conversation, { timeoutMs });
      },
      { ...callers, random },
    );
  }

  /** Resolves once a conversation of each kind has gone well. */
  async well(): Promise<void> {
    for (const conversation of Object.values(conversations)) {
      for (;;) {
        try {
          await conversation(this.#client, { timeoutMs }, this.#random);
          break;
        } catch (reason) {
          if (!(reason instanceof RpcError)) throw reason;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    }
  }

  /** Conversations that their callers break off: by signal, or by a deadline that is too short. */
  async breakOff(count: number): Promise<void> {
    const kinds = Object.entries(conversations);
    const one = async ([kind, conversation]: (typeof kinds)[number]): Promise<void> => {
      const ms = Math.floor(this.#random() * 20);
      const options = this.#random() < 0.5 ? { timeoutMs: 1 + ms } : { timeoutMs, signal: AbortSignal.timeout(ms) };
      try {
        await conversation(this.#client, options, this.#random);
      } catch (reason) {
        const asAsked = reason instanceof RpcError && askedFor.has(reason.code);
        if (!asAsked) this.broken.push(`${kind}, broken off: ${reason}`);
      }
    };
    await Promise.all(
      Array.from({ length: count }, (_, each) => one(kinds[each % kinds.length] as (typeof kinds)[number])),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.callers.stop();
    await this.#client.close();
    await this.road.close();
    await this.served[Symbol.asyncDispose]();
  }

  /** @throws RpcError where it failed as it may */
  async #hold(kind: string, conversation: Conversation, options: CallOptions): Promise<void> {
    const begunAt = performance.now();
    try {
      await conversation(this.#client, options, this.#random);
    } catch (reason) {
      if (reason instanceof RpcError && honest.has(reason.code)) throw reason;
      this.broken.push(`${kind}: ${reason instanceof RpcError ? `${codeName(reason.code)} ` : ""}${reason}`);
    } finally {
      const tookMs = performance.now() - begunAt;
      if (tookMs > timeoutMs + lateMs) this.broken.push(`${kind}: took ${Math.round(tookMs)} ms, had ${timeoutMs}`);
    }
  }
}
