/** By what etcd knows this client, the same at every member: had when it is first needed, and anew once it was refused. */
export class Token {
  #current: Promise<string> | undefined;

  /** @param authenticate asks etcd for one, which is dear: it hashes the password */
  get(authenticate: () => Promise<string>): Promise<string> {
    if (this.#current !== undefined) return this.#current;
    const asked = authenticate();
    this.#current = asked;
    asked.catch(() => this.refused(asked));
    return asked;
  }

  /** Does nothing where there is another by now. */
  refused(token: Promise<string>): void {
    if (this.#current === token) this.#current = undefined;
  }
}
