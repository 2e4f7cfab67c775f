import { createSocket, type Socket } from "node:dgram";
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Question } from "dns-packet";

/** Codes of RFC 1035. */
const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

/** A small real name server over UDP on 127.0.0.1: what is in its zone, it says. */
export class DnsServer implements AsyncDisposable {
  /** Every question, `SRV _grpc._tcp.orders.test`, in the order in which they came. */
  readonly questions: string[] = [];
  /** What it says instead of an answer, `silence` included, to questions that match. Default: it always answers. */
  failing: { readonly how: "SERVFAIL" | "REFUSED" | "silence"; readonly questions: RegExp } | undefined;
  readonly #socket: Socket;
  readonly #zone = new Map<string, readonly Answer[]>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (bytes, { port, address }) => {
      const { id, questions = [] } = decode(bytes);
      const [question] = questions;
      if (question === undefined || id === undefined) return;
      const said = this.#say(question);
      if (said === undefined) return;
      const flags = AUTHORITATIVE_ANSWER | codes[said.code];
      socket.send(encode({ type: "response", id, flags, questions, answers: [...said.answers] }), port, address);
    });
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return new DnsServer(socket);
  }

  /** As a resolver wants it: `127.0.0.1:5353`. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
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

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #say({
    type,
    name,
  }: Question): { readonly code: keyof typeof codes; readonly answers: readonly Answer[] } | undefined {
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
