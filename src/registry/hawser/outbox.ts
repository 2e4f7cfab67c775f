import { Wakeup } from "../wakeup.js";

/** Messages to send, in order, as a stream that waits for the next one until it is ended. To be read once. */
export class Outbox<T> implements AsyncIterable<T> {
  readonly #messages: T[] = [];
  readonly #wakeup = new Wakeup();
  #ended = false;

  push(message: T): void {
    this.#messages.push(message);
    this.#wakeup.wake();
  }

  /** No more will come; what is in it is still sent. */
  end(): void {
    this.#ended = true;
    this.#wakeup.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) yield message;
      else if (this.#ended) return;
      else await this.#wakeup.wait();
    }
  }
}
