import { Code, RpcError } from "../../errors/errors.js";
import { requestNotEncodable, responseNotDecodable } from "../misfit.js";
import { ClientCall } from "./client-call.js";

/** One request, one response. */
export class UnaryCall extends ClientCall {
  #bytes: Buffer | undefined;
  #surplus = false;

  override start(): void {
    super.start();
    try {
      this.write(this.call.message);
    } catch (reason) {
      this.giveUp(requestNotEncodable(this.call.method, reason));
      return;
    }
    this.wire.halfClose();
    this.wire.startRead();
  }

  onReceiveMessage(bytes: Buffer): void {
    this.#surplus = this.#bytes !== undefined;
    this.#bytes = bytes;
    this.wire.startRead();
  }

  protected finish(error: RpcError | undefined): void {
    if (error !== undefined) {
      this.caller.reject(error);
      return;
    }
    if (this.#bytes === undefined || this.#surplus) {
      const count = this.#surplus ? "more than one response" : "no response";
      this.caller.reject(new RpcError(Code.UNIMPLEMENTED, `${this.call.method.fullName}: ${count} to a unary call`));
      return;
    }
    let message: unknown;
    try {
      message = this.decode(this.#bytes);
    } catch (cause) {
      this.caller.reject(responseNotDecodable(this.call.method, cause));
      return;
    }
    this.caller.resolve(this.reply(message));
  }
}
