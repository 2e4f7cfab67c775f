import { Code, RpcError } from "../../../errors/errors.js";
import { requestNotEncodable } from "../../misfit.js";
import { ClientCall } from "./client-call.js";
import type { OutgoingMessages } from "./outgoing-messages.js";

/** One request, one response. */
export class UnaryCall extends ClientCall {
  readonly full = false;
  #response: unknown;
  #answered = false;

  onMessage(message: unknown): void {
    if (this.#answered) {
      this.giveUp(this.#misfit("more than one response"));
      return;
    }
    this.#response = message;
    this.#answered = true;
  }

  protected onHeader(): void {}

  protected write(requests: OutgoingMessages): void {
    try {
      const written = requests.write(this.call.message, true);
      if (written !== undefined) written.catch((reason: unknown) => this.#failed(reason));
    } catch (reason) {
      this.#failed(reason);
    }
  }

  protected finish(error: RpcError | undefined): void {
    if (error !== undefined) this.caller.reject(error);
    else if (this.#answered) this.caller.resolve(this.reply(this.#response));
    else this.caller.reject(this.#misfit("no response"));
  }

  #misfit(count: string): RpcError {
    return new RpcError(Code.UNIMPLEMENTED, `${this.call.method.fullName}: ${count} to a unary call`);
  }

  #failed(reason: unknown): void {
    this.giveUp(requestNotEncodable(this.call.method, reason));
  }
}
