import { createSocket, type Socket } from "node:dgram";
import { type AddressInfo, createServer, type Server, type Socket as Stream } from "node:net";
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Question, TRUNCATED_RESPONSE } from "dns-packet";

/** Codes of RFC 1035. */
const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

interface Said {
  readonly code: keyof typeof codes;
  readonly answers: readonly Answer[];
}

/** No longer datagram is sent, as name servers do since 2020 (DNS flag day). */
const longestDatagram = 1_232;

/** A small real name server on 127.0.0.1, over UDP, and over TCP for what is too long for that: what is in its zone, it says. */
export class DnsServer implements AsyncDisposable {
  /** Every question, `SRV _grpc._tcp.orders.test`, in the order in which they came. */
  readonly questions: string[] = [];
  /** What it says instead of an answer, `silence` included, to questions that match. Default: it always answers. */
  failing: { readonly how: "SERVFAIL" | "REFUSED" | "silence"; readonly questions: RegExp } | undefined;
  readonly #datagrams: Socket;
  readonly #streams: Server;
  readonly #zone = new Map<string, readonly Answer[]>();

  private constructor(datagrams: Socket, streams: Server) {
    this.#datagrams = datagrams;
    this.#streams = streams;
    datagrams.on("message", (bytes, { port, address }) => {
      const answer = this.#answer(bytes, longestDatagram);
      if (answer !== undefined) datagrams.send(answer, port, address);
    });
    streams.on("connection", (socket) => this.#serve(socket));
  }

  static async start(): Promise<DnsServer> {
    for (;;) {
      const streams = createServer();
      await new Promise<void>((resolve) => streams.listen(0, "127.0.0.1", resolve));
      const datagrams = createSocket("udp4");
      const { port } = streams.address() as AddressInfo;
      const bound = await new Promise<boolean>((resolve) => {
        datagrams.once("error", () => resolve(false));
        datagrams.bind(port, "127.0.0.1", () => resolve(true));
      });
      if (bound) return new DnsServer(datagrams, streams);
      // Somebody else has that port of UDP.
      datagrams.close();
      streams.close();
    }
  }

  /** As a resolver wants it: `127.0.0.1:5353`. */
  get address(): string {
    return `127.0.0.1:${this.#datagrams.address().port}`;
  }

  /** Replaces every record of that type and name; none makes the name unknown where it has no other. */
  set(type: "A" | "AAAA" | "SRV", name: string, answers: readonly Answer[]): void {
    const key = `${type} ${name}`.toLowerCase();
    if (answers.length === 0) this.#zone.delete(key);
    else this.#zone.set(key, answers);
  }

  records(type: "A" | "AAAA" | "SRV", name: string): readonly Answer[] {
    return this.#zone.get(`${type} ${name}`.toLowerCase()) ?? [];
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#datagrams.close(resolve));
    await new Promise((resolve) => this.#streams.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Each message has its length in two bytes before it. */
  #serve(socket: Stream): void {
    let waiting = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      waiting = Buffer.concat([waiting, bytes]);
      if (waiting.length < 2 || waiting.length < 2 + waiting.readUInt16BE()) return;
      const answer = this.#answer(waiting.subarray(2), 65_535);
      if (answer === undefined) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.end(Buffer.concat([length, answer]));
    });
  }

  #answer(bytes: Buffer, longest: number): Buffer | undefined {
    const { id = 0, questions = [] } = decode(bytes);
    const [question] = questions;
    const said = question && this.#say(question);
    if (said === undefined) return undefined;
    const header = { type: "response", id, questions } as const;
    const flags = AUTHORITATIVE_ANSWER | codes[said.code];
    const whole = encode({ ...header, flags, answers: [...said.answers] });
    return whole.length <= longest ? whole : encode({ ...header, flags: flags | TRUNCATED_RESPONSE });
  }

  #say({ type, name }: Question): Said | undefined {
    const asked = `${type} ${name}`;
    this.questions.push(asked);
    if (this.failing?.questions.test(asked)) {
      return this.failing.how === "silence" ? undefined : { code: this.failing.how, answers: [] };
    }
    const answers = this.#zone.get(asked.toLowerCase()) ?? [];
    const known = [...this.#zone.keys()].some((key) => key.endsWith(` ${name.toLowerCase()}`));
    return { code: known ? "NOERROR" : "NXDOMAIN", answers };
  }
}

export function a(name: string, data: string, ttl = 0): Answer {
  return { type: "A", name, ttl, data };
}

export function aaaa(name: string, data: string, ttl = 0): Answer {
  return { type: "AAAA", name, ttl, data };
}

export function srv(
  name: string,
  target: string,
  data: { readonly port?: number; readonly priority?: number; readonly weight?: number } = {},
): Answer {
  return { type: "SRV", name, ttl: 0, data: { port: 50_051, priority: 0, weight: 100, ...data, target } };
}
