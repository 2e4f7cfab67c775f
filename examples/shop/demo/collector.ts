import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { type ExportRequest, type Span, spansOf } from "./span.js";

/**
 * Takes the spans that the services export by OTLP/HTTP as JSON, and keeps them. Where somebody else wants them too, a
 * Jaeger for instance, hands them on.
 */
export class Collector {
  readonly spans: Span[] = [];
  /** What went wrong with handing on; the first time only. */
  complaint: string | undefined;
  readonly #forwardTo: string | undefined;
  readonly #forwarding = new Set<Promise<void>>();
  readonly #server = createServer((request, response) => {
    this.#receive(request, response).catch((reason: unknown) => response.writeHead(400).end(String(reason)));
  });

  /** @param forwardTo another OTLP/HTTP endpoint, e.g. `http://127.0.0.1:4318` */
  constructor(forwardTo?: string) {
    this.#forwardTo = forwardTo?.replace(/\/$/, "");
  }

  /** Resolves with its endpoint. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves once nothing has come for a while, in ms, and what came has been handed on. */
  async quiet(forMs = 1000): Promise<void> {
    let seen: number;
    do {
      seen = this.spans.length;
      await setTimeout(forMs);
    } while (this.spans.length > seen);
    await Promise.all(this.#forwarding);
  }

  /** Takes nothing more. Resolves once what came has been handed on. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await Promise.all(this.#forwarding);
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    for (const span of spansOf(JSON.parse(body.toString()) as ExportRequest)) this.spans.push(span);
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
    if (this.#forwardTo !== undefined) this.#forward(`${this.#forwardTo}${request.url}`, body);
  }

  #forward(url: string, body: Buffer<ArrayBuffer>): void {
    const headers = { "content-type": "application/json" };
    const sent: Promise<void> = fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(5_000) })
      .then(({ ok, status }) => {
        if (!ok) this.complaint ??= `${url} answered ${status}`;
      })
      .catch((reason: Error) => {
        this.complaint ??= `${url}: ${(reason.cause as Error | undefined)?.message ?? reason.message}`;
      })
      .finally(() => this.#forwarding.delete(sent));
    this.#forwarding.add(sent);
  }
}
