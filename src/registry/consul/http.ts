import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { Code, RpcError } from "../../errors/errors.js";
import type { ResolvedConsulOptions } from "./options.js";

export interface Question {
  readonly method: "GET" | "PUT";
  readonly path: string;
  readonly query?: { readonly [name: string]: string | undefined };
  readonly body?: unknown;
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

const largestAnswer = 64 * 1024 * 1024;

/** Consul's HTTP: one pool of connections, a limit to every wait. */
export class ConsulHttp {
  readonly #options: ResolvedConsulOptions;
  readonly #agent: HttpAgent;

  constructor(options: ResolvedConsulOptions) {
    this.#options = options;
    const pool = { keepAlive: true, keepAliveMsecs: 10_000 };
    this.#agent = options.secure ? new HttpsAgent({ ...pool, ...options.tls }) : new HttpAgent(pool);
  }

  /** @returns whatever it answered. @throws RpcError UNAVAILABLE where it did not, CANCELLED where the signal aborted */
  async ask(question: Question): Promise<Answer> {
    const first = await this.#try(question);
    // A kept connection that the other side has closed meanwhile says nothing of how it is now.
    const answer = first.reset && !question.signal?.aborted ? await this.#try(question) : first;
    if (answer.error !== undefined) throw answer.error;
    return answer.answer as Answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #try(question: Question): Promise<{ answer?: Answer; error?: RpcError; reset?: boolean }> {
    const { clock, name } = this.#options;
    const { signal, timeoutMs } = question;
    const failed = (code: Code, why: string, cause?: unknown) => new RpcError(code, `${name}: ${why}`, { cause });
    if (signal?.aborted) return { error: failed(Code.CANCELLED, "given up") };
    const request = this.#request(question);
    let ended: RpcError | undefined;
    const end = (error: RpcError): void => {
      ended ??= error;
      request.destroy(error);
    };
    const late = clock.timer(timeoutMs, () => end(failed(Code.UNAVAILABLE, `no answer within ${timeoutMs} ms`)));
    const abort = (): void => end(failed(Code.CANCELLED, "given up"));
    signal?.addEventListener("abort", abort);
    let response: IncomingMessage | undefined;
    try {
      response = await responseTo(request);
      return { answer: await read(response) };
    } catch (reason) {
      if (ended !== undefined) return { error: ended };
      const { message, code } = reason as NodeJS.ErrnoException;
      return {
        error: failed(Code.UNAVAILABLE, message || code || "no connection", reason),
        reset: response === undefined && request.reusedSocket && code === "ECONNRESET",
      };
    } finally {
      late.cancel();
      signal?.removeEventListener("abort", abort);
    }
  }

  #request({ method, path, query = {}, body }: Question): ClientRequest {
    const { secure, host, port, token, namespace } = this.#options;
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...query, ns: namespace })) {
      if (value !== undefined) parameters.set(name, value);
    }
    const request = (secure ? httpsRequest : httpRequest)({
      agent: this.#agent,
      host,
      port,
      method,
      path: `${path}?${parameters}`,
      headers: { ...(token !== undefined && { "x-consul-token": token }) },
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
    return request;
  }
}

function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.on("error", reject);
  });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > largestAnswer) throw new Error(`an answer of more than ${largestAnswer} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() };
}
