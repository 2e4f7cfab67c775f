import { AsyncLocalStorage } from "node:async_hooks";
import type { RemoteInfo } from "node:dgram";
import type { MulticastDNS, QueryPacket, ResponseOutgoingPacket, ResponsePacket } from "multicast-dns";
import { Code, RpcError } from "../../errors/errors.js";
import { onLink } from "./on-link.js";
import type { ResolvedMdnsOptions } from "./options.js";

export type { QueryPacket, ResponsePacket } from "multicast-dns";
export type Answer = ResponseOutgoingPacket["answers"][number];
export type Question = NonNullable<ResponseOutgoingPacket["questions"]>[number];

/** What is told to who will not hear of changes is not to be believed for long. */
const legacyTtlSeconds = 10;

type Module = typeof import("multicast-dns");

/** @throws RpcError FAILED_PRECONDITION where multicast-dns is not installed */
export async function loadMulticastDns(
  load: () => Promise<{ readonly default: Module }> = () => import("multicast-dns"),
): Promise<Module> {
  try {
    return (await load()).default;
  } catch (cause) {
    const message =
      "mdnsRegistry needs the package multicast-dns, which cannot be loaded; try: npm install multicast-dns";
    throw new RpcError(Code.FAILED_PRECONDITION, message, { cause });
  }
}

export interface LinkEars {
  query(packet: QueryPacket, from: RemoteInfo): void;
  response(packet: ResponsePacket, from: RemoteInfo): void;
  /** What was away can be reached again. */
  back(): void;
}

/**
 * The way to the LAN. Opened by the first who sends; what cannot be sent closes it, so that the next to send opens it anew:
 * interfaces come and go, and memberships with them.
 */
export class Link {
  readonly #options: ResolvedMdnsOptions;
  readonly #ears: LinkEars;
  readonly #awayListeners = new Set<(error: RpcError) => void>();
  /** What is heard belongs to no call, even where a call was the first to send. */
  readonly #outsideCalls = AsyncLocalStorage.snapshot();
  #opening: Promise<MulticastDNS> | undefined;
  #away = false;
  #closed = false;

  constructor(options: ResolvedMdnsOptions, ears: LinkEars) {
    this.#options = options;
    this.#ears = ears;
  }

  /** What was sent last did not get out. */
  get away(): boolean {
    return this.#away;
  }

  /** Calls back each time something cannot be sent. Returns what ends that. */
  onAway(listener: (error: RpcError) => void): () => void {
    this.#awayListeners.add(listener);
    return () => this.#awayListeners.delete(listener);
  }

  /** @throws RpcError UNAVAILABLE where it cannot be sent */
  query(questions: readonly Question[], known: readonly Answer[] = []): Promise<void> {
    return this.#send((mdns, sent) => mdns.query({ questions: [...questions], answers: [...known] }, sent));
  }

  /** @throws RpcError UNAVAILABLE where it cannot be sent */
  respond(answers: readonly Answer[], additionals: readonly Answer[] = []): Promise<void> {
    return this.#send((mdns, sent) => mdns.respond({ answers: [...answers], additionals: [...additionals] }, sent));
  }

  /** To who does not speak mDNS, and has asked from a port of its own (RFC 6762 §6.7). */
  respondTo(from: RemoteInfo, query: QueryPacket, answers: readonly Answer[]): Promise<void> {
    const plain = answers.map((each) => {
      const { ttl } = each as { readonly ttl?: number };
      return { ...each, ttl: Math.min(ttl ?? 0, legacyTtlSeconds), flush: false } as Answer;
    });
    const packet = { id: query.id, questions: query.questions, answers: plain };
    return this.#send((mdns, sent) => mdns.respond(packet, { address: from.address, port: from.port }, sent));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const opening = this.#opening;
    this.#opening = undefined;
    const mdns = await opening?.catch(() => undefined);
    if (mdns !== undefined) await destroy(mdns);
  }

  async #send(send: (mdns: MulticastDNS, sent: (error?: Error | null) => void) => void): Promise<void> {
    this.#opening ??= this.#outsideCalls(() => this.#open());
    const opening = this.#opening;
    try {
      const mdns = await opening;
      await new Promise<void>((resolve, reject) => send(mdns, (error) => (error ? reject(error) : resolve())));
      // A socket that was closed meanwhile says that all went well.
      if (this.#opening !== opening) throw new Error("the socket was closed");
    } catch (cause) {
      throw this.#failed(cause, opening);
    }
    if (!this.#away) return;
    this.#away = false;
    this.#ears.back();
  }

  async #open(): Promise<MulticastDNS> {
    const { name, interface: only, ip, logger, loopback, port, socket } = this.#options;
    if (this.#closed) throw new RpcError(Code.FAILED_PRECONDITION, `${name}: the registry is closed`);
    const makeMdns = await loadMulticastDns();
    // A socket that is bound to the address of an interface hears no multicast.
    const where = { ip, port, loopback, bind: "0.0.0.0", ...(only !== undefined && { interface: only }) };
    const mdns = makeMdns({ ...where, ...(socket !== undefined && { socket: socket() }) });
    let joined = false;
    let warning: Error | undefined;
    mdns.on("networkInterface", () => {
      joined = true;
    });
    mdns.on("warning", (err) => {
      warning = err;
      logger.debug({ err }, "mDNS: heard what cannot be read, or could not join a group");
    });
    const near = socket === undefined ? onLink() : () => true;
    mdns.on("query", (packet, from) => near(from.address) && this.#ears.query(packet, from));
    mdns.on("response", (packet, from) => near(from.address) && this.#ears.response(packet, from));
    try {
      await new Promise<void>((resolve, reject) => {
        mdns.on("error", reject);
        mdns.on("ready", () => (joined ? resolve() : reject(warning ?? new Error(`no interface has joined ${ip}`))));
      });
    } catch (error) {
      await destroy(mdns);
      throw error;
    }
    return mdns;
  }

  #failed(cause: unknown, opening: Promise<MulticastDNS>): RpcError {
    const { name } = this.#options;
    if (this.#opening === opening) this.#opening = undefined;
    opening.then(destroy, () => {});
    if (cause instanceof RpcError) return cause;
    const error = new RpcError(Code.UNAVAILABLE, `${name}: cannot be reached: ${(cause as Error).message}`, { cause });
    this.#away = true;
    for (const listener of [...this.#awayListeners]) listener(error);
    return error;
  }
}

/** A socket that was never bound, or is closed already, throws. */
function destroy(mdns: MulticastDNS): Promise<void> {
  return new Promise((resolve) => {
    try {
      mdns.destroy(resolve);
    } catch {
      resolve();
    }
  });
}
