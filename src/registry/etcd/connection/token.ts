/** By what etcd knows this client, the same at every member; none before one of them has given it. */
export interface Token {
  text?: string;
}

/** One member's way to the token: asks for it where there is none, once for all who want it, and nobody at another member waits. */
export class Login {
  readonly #token: Token;
  #asking: Promise<string> | undefined;

  constructor(token: Token) {
    this.#token = token;
  }

  /** @param authenticate asks the member for one, which is dear: it hashes the password */
  async token(authenticate: () => Promise<string>): Promise<string> {
    if (this.#token.text !== undefined) return this.#token.text;
    this.#asking ??= this.#ask(authenticate).finally(() => {
      this.#asking = undefined;
    });
    return await this.#asking;
  }

  /** Does nothing where there is another by now. */
  refused(text: string): void {
    if (this.#token.text === text) delete this.#token.text;
  }

  async #ask(authenticate: () => Promise<string>): Promise<string> {
    const text = await authenticate();
    this.#token.text = text;
    return text;
  }
}
