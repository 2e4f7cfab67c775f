import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Received {
  readonly path: string;
  readonly contentType: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: OTLP as JSON
  readonly body: any;
}

/** An OTLP/HTTP receiver. */
export class Collector implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #silent: boolean;
  readonly #server = createServer((request, response) => void this.#receive(request, response));

  /** @param silent takes everything and never answers */
  constructor(silent = false) {
    this.#silent = silent;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const contentType = request.headers["content-type"];
    const bytes = Buffer.concat(chunks);
    const body = contentType === "application/json" ? JSON.parse(bytes.toString()) : bytes;
    this.received.push({ path: request.url ?? "", contentType, body });
    if (!this.#silent) response.writeHead(200, { "content-type": contentType ?? "" }).end();
  }
}

/** Of a resource, a span or a data point in OTLP as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: OTLP as JSON
export function attributesOf(carrier: any): { [key: string]: string } {
  return Object.fromEntries(
    carrier.attributes.map(({ key, value }: { key: string; value: { stringValue: string } }) => [
      key,
      value.stringValue,
    ]),
  );
}
