import { Code, RpcError } from "../../errors/errors.js";
import type { Keeper, Kept } from "../kept-registration.js";
import { Upkeep } from "../upkeep.js";
import { healthyMs, type ResolvedHawserOptions } from "./options.js";
import { RegisterStream } from "./register-stream.js";

/** Holds one instance by a stream that is opened again whenever it ends or falls silent. */
export class HawserKeeper implements Keeper {
  readonly #kept: Kept;
  readonly #options: ResolvedHawserOptions;
  readonly #upkeep = new Upkeep();
  #stream: RegisterStream | undefined;

  constructor(kept: Kept, options: ResolvedHawserOptions) {
    this.#kept = kept;
    this.#options = options;
  }

  start(): void {
    const { publication } = this.#kept;
    this.#upkeep.start((well) => this.#hold(well), {
      ...this.#options,
      what: `registration of ${publication.instance.id}`,
      healthyMs,
      onEnd: (error) => publication.fail(error),
    });
  }

  changed(): RpcError | undefined {
    this.#stream?.sendInstance();
    if (this.#stream !== undefined) return undefined;
    return new RpcError(Code.UNAVAILABLE, `${this.#options.name}: there is no connection at present`);
  }

  async end(): Promise<void> {
    const closed = this.#upkeep.close();
    this.#stream?.end();
    await closed;
  }

  async #hold(well: () => void): Promise<void> {
    const { publication, status } = this.#kept;
    const { monitor } = this.#options;
    const stream = new RegisterStream(publication, this.#options);
    this.#stream = stream;
    try {
      await stream.run(() => {
        well();
        status.become("registered");
        monitor({ type: "renewal", ok: true });
      });
    } finally {
      this.#stream = undefined;
      if (status.state === "registered" && !this.#upkeep.closing) {
        status.become("lost");
        monitor({ type: "renewal", ok: false });
      }
    }
  }
}
