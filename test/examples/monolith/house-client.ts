export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: JSON, looked at by tests
  readonly body: any;
}

/** The house as its customers know it: over HTTP. */
export class HouseClient {
  readonly #url: string;

  /** @param url `http://127.0.0.1:8080` */
  constructor(url: string) {
    this.#url = url;
  }

  get(path: string): Promise<Answer> {
    return this.#send("GET", path);
  }

  post(path: string, body: unknown, headers: { readonly [name: string]: string } = {}): Promise<Answer> {
    return this.#send("POST", path, JSON.stringify(body), headers);
  }

  delete(path: string): Promise<Answer> {
    return this.#send("DELETE", path);
  }

  async #send(
    method: string,
    path: string,
    body: string | null = null,
    headers: { readonly [name: string]: string } = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.#url}${path}`, { method, body, headers });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  }
}
