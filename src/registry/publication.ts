import type { Instance } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Clock } from "../time/time.js";
import { isFinal, reasonOf } from "./failures.js";
import { copyInstance, copyUpdate } from "./instance-message.js";

interface Waiting {
  readonly version: number;
  readonly resolve: () => void;
  readonly reject: (error: RpcError) => void;
}

export interface PublicationOptions {
  readonly registryName: string;
  /** What a person may do where the backend cannot be reached: `is etcd running?` */
  readonly hint: string;
  readonly clock: Clock;
  /** @throws TypeError for what this backend cannot carry. Default: it carries whatever registries can */
  readonly check?: (instance: Instance) => void;
}

/** What one registration wants the backend to know, and who waits until it does. */
export class Publication {
  readonly #options: PublicationOptions;
  #instance: Instance;
  #version = 1;
  #confirmed = 0;
  #updates: Waiting[] = [];
  #first: Waiting | undefined;
  #lastError: unknown;

  /** @throws TypeError where the registry could not carry the instance */
  constructor(instance: Instance, options: PublicationOptions) {
    this.#instance = copyInstance(instance);
    this.#options = options;
    options.check?.(this.#instance);
  }

  get instance(): Instance {
    return this.#instance;
  }

  /** Grows with every update. */
  get version(): number {
    return this.#version;
  }

  /** @throws TypeError where the id or the service is another, or the registry could not carry it */
  replace(instance: Instance): void {
    const next = copyUpdate(this.#instance, instance);
    this.#options.check?.(next);
    this.#instance = next;
    this.#version += 1;
  }

  /** Resolves once the backend knows the instance for the first time. Only errors that are final end it before time is up. */
  async registered(timeoutMs: number): Promise<void> {
    const { clock, registryName, hint } = this.#options;
    if (this.#confirmed > 0) return;
    await new Promise<void>((resolve, reject) => {
      const timer = clock.timer(timeoutMs, () => {
        const reason = this.#lastError === undefined ? "no answer" : reasonOf(this.#lastError, registryName);
        const message = `${registryName}: "${this.#instance.id}" could not be registered within ${timeoutMs} ms (${reason}); ${hint}`;
        reject(new RpcError(Code.UNAVAILABLE, message, { cause: this.#lastError }));
      });
      this.#first = {
        version: 1,
        resolve: () => {
          timer.cancel();
          resolve();
        },
        reject: (error) => {
          timer.cancel();
          reject(error);
        },
      };
    });
  }

  /** Resolves once the backend knows the instance as it is now. Any failure before that rejects. */
  updated(): Promise<void> {
    const version = this.#version;
    if (this.#confirmed >= version) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#updates.push({ version, resolve, reject });
    });
  }

  /** The backend knows the given version. */
  confirm(version: number): void {
    this.#confirmed = Math.max(this.#confirmed, version);
    this.#first?.resolve();
    this.#first = undefined;
    const due = this.#updates.filter((each) => each.version <= this.#confirmed);
    this.#updates = this.#updates.filter((each) => each.version > this.#confirmed);
    for (const each of due) each.resolve();
  }

  /** The backend could not be told. */
  fail(error: unknown): void {
    const { registryName, hint } = this.#options;
    this.#lastError = error;
    if (isFinal(error)) this.#first?.reject(error as RpcError);
    const updates = this.#updates;
    this.#updates = [];
    if (updates.length === 0) return;
    const message = `${registryName}: "${this.#instance.id}" could not be updated now (${reasonOf(error, registryName)}) and will be as soon as possible; ${hint}`;
    for (const each of updates) each.reject(new RpcError(Code.UNAVAILABLE, message, { cause: error }));
  }
}
