import type { Clock, Timer } from "../../time/time.js";
import { type ChildMessage, type SupervisorMessage, tagged } from "../child-protocol.js";
import { seconds } from "../crash-report.js";
import { SupervisionError } from "../supervision-error.js";

interface Open {
  readonly timer: Timer;
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What one process was asked and has not answered yet. */
export class Questions {
  readonly #child: string;
  readonly #clock: Clock;
  readonly #send: (message: object) => void;
  readonly #open = new Map<number, Open>();
  #last = 0;

  constructor(child: string, clock: Clock, send: (message: object) => void) {
    this.#child = child;
    this.#clock = clock;
    this.#send = send;
  }

  ask(name: string, payload: unknown, timeoutMs: number): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.#open.delete(id);
        reject(new SupervisionError(`${this.#child}: did not answer "${name}" within ${seconds(timeoutMs)}`));
      };
      this.#open.set(id, { timer: this.#clock.timer(timeoutMs, late), resolve, reject });
      const command: SupervisorMessage = { type: "command", id, name, payload };
      this.#send(tagged(command));
    });
  }

  answered({ id, payload, error }: ChildMessage & { readonly type: "answer" }): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    open.timer.cancel();
    if (error === undefined) open.resolve(payload);
    else open.reject(new SupervisionError(`${this.#child}: ${error}`));
  }

  /** The process has ended: nobody answers any more. */
  end(): void {
    for (const { timer, reject } of this.#open.values()) {
      timer.cancel();
      reject(new SupervisionError(`${this.#child}: ended before it answered`));
    }
    this.#open.clear();
  }
}
