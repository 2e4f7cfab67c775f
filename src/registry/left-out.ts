import type { Logger } from "../contract/contract.js";

/** So many are named one by one; of more it is said how many. */
const named = 10;
/** What is foreign may be as long as it likes. */
const longestReason = 200;

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
    const now = new Set([...reasons].map(cut));
    const news = [...now].filter((reason) => !this.#known.has(reason));
    for (const reason of news.slice(0, named)) {
      this.#logger.warn({ ...this.#fields, reason }, "left out of the registry");
    }
    const more = news.length - named;
    if (more > 0) this.#logger.warn({ ...this.#fields, more }, "left out of the registry: more of the same");
    this.#known = now;
  }
}

function cut(reason: string): string {
  return reason.length <= longestReason ? reason : `${reason.slice(0, longestReason)}…`;
}
