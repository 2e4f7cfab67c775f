import { Agent, type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as SecureAgent } from "node:https";
import { joinSignals } from "../join-signals.js";
import { noCredentials, unavailable } from "./failures.js";
import type { ResolvedKubernetesOptions } from "./options.js";

export type Query = { readonly [name: string]: string };

/** More than every slice of a page at its largest would be refused by the server itself. */
const longestBody = 256 * 1024 * 1024;

/** HTTP/1.1 to one API server, TLS and who we are included. `fetch` cannot be told whom to trust. */
export class HttpConnection {
  readonly #options: ResolvedKubernetesOptions;
  readonly #agent: Agent | SecureAgent;

  constructor(options: ResolvedKubernetesOptions) {
    this.#options = options;
    // A connection that has nothing to do is closed before somebody on the way forgets it.
    const settings = { keepAlive: true, keepAliveMsecs: 15_000, timeout: 30_000 };
    this.#agent = options.server.protocol === "https:" ? new SecureAgent(settings) : new Agent(settings);
  }

  /**
   * Resolves once the answer begins, whatever its status.
   *
   * @throws RpcError UNAVAILABLE where none does in time
   */
  async get(path: string, query: Query, signal: AbortSignal): Promise<IncomingMessage> {
    const { name, requestTimeoutMs, server } = this.#options;
    const begins = new AbortController();
    const timer = this.#options.clock.timer(requestTimeoutMs, () => begins.abort());
    const { signal: either, release } = joinSignals(signal, begins.signal);
    let awaited = "credentials";
    try {
      const options = await unlessAborted(this.#requestOptions(), either);
      awaited = "answer";
      const url = new URL(`${server.pathname.replace(/\/$/, "")}${path}?${new URLSearchParams(query)}`, server);
      return await this.#send(url, { ...options, signal: either }, release);
    } catch (cause) {
      release();
      if (awaited === "credentials") this.#options.credentials.forget();
      if (begins.signal.aborted) throw unavailable(name, `no ${awaited} within ${requestTimeoutMs} ms`, cause);
      if (awaited === "credentials" && !signal.aborted) throw noCredentials(name, cause);
      throw unavailable(name, `the API server cannot be asked (${(cause as Error).message})`, cause);
    } finally {
      timer.cancel();
    }
  }

  /** The whole body. @throws RpcError UNAVAILABLE where it does not end in time, or is too long to be meant */
  async text(response: IncomingMessage): Promise<string> {
    const { name, clock, requestTimeoutMs } = this.#options;
    const late = unavailable(name, `the answer did not end within ${requestTimeoutMs} ms`);
    const timer = clock.timer(requestTimeoutMs, () => response.destroy(late));
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > longestBody) throw unavailable(name, `the answer has more than ${longestBody} bytes`);
        chunks.push(chunk);
      }
    } catch (reason) {
      throw reason === late ? late : unavailable(name, "the answer broke off", reason);
    } finally {
      timer.cancel();
    }
    return Buffer.concat(chunks).toString();
  }

  close(): void {
    this.#agent.destroy();
  }

  async #requestOptions(): Promise<RequestOptions> {
    const { credentials } = this.#options;
    const [token, ca] = await Promise.all([credentials.token(), credentials.ca()]);
    const headers = {
      accept: "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    return { agent: this.#agent, headers, ...(ca === undefined ? {} : { ca }), ...credentials.certificate };
  }

  /** @param onClose called when nothing more is to come, of the answer neither */
  #send(url: URL, options: RequestOptions, onClose: () => void): Promise<IncomingMessage> {
    const request = url.protocol === "https:" ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      request(url, options, resolve).on("error", reject).on("close", onClose).end();
    });
  }
}

/** What somebody else has promised may never come. @throws the signal's reason, once it aborts */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
    work.then(resolve, reject);
  });
}
