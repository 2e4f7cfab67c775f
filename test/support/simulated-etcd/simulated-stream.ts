type Listener = (value?: unknown) => void;

/** The client's end of a stream, as etcd3 shows it. */
export class SimulatedStream<In, Out> {
  readonly #listeners = new Map<string, Listener[]>();
  readonly #write: (message: In) => void;
  readonly #close: () => void;
  #over = false;

  constructor(on: { readonly write: (message: In) => void; readonly close: () => void }) {
    this.#write = on.write;
    this.#close = on.close;
  }

  // biome-ignore lint/suspicious/noExplicitAny: etcd3's overloads, one for each event
  on(event: string, listener: (value: any) => void): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  write(message: In): void {
    if (!this.#over) this.#write(message);
  }

  end(): void {}

  cancel(): void {
    if (this.#over) return;
    this.#close();
    queueMicrotask(() => this.fail(new Error("1 CANCELLED: Cancelled on client")));
  }

  receive(message: Out): void {
    if (!this.#over) this.#emit("data", message);
  }

  fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#emit("error", error);
    this.#emit("end");
  }

  #emit(event: string, value?: unknown): void {
    const listeners = this.#listeners.get(event);
    if (listeners === undefined && event === "error") throw new Error("nobody listens to the error of a stream");
    for (const listener of listeners ?? []) listener(value);
  }
}
