import type { Logger } from "../contract/contract.js";

/** What of a backend's answers made no sense and was left out. Each is logged once, until it is well again. */
export class LeftOut {
  readonly #logger: Logger;
  readonly #fields: object;
  #known: ReadonlySet<string> = new Set();

  /** @param fields stand in every line */
  constructor(logger: Logger, fields: object = {}) {
    this.#logger = logger;
    this.#fields = fields;
  }

  /** @param reasons everything that is wrong with the latest answer, each with its name in it */
  report(reasons: Iterable<string>): void {
    const now = new Set(reasons);
    for (const reason of now) {
      if (!this.#known.has(reason)) this.#logger.warn({ ...this.#fields, reason }, "left out of the registry");
    }
    this.#known = now;
  }
}
