/** One thing that is wrong with what was said. */
export interface ConfigIssue {
  /** `orders.maxLines`; a section alone, or nothing where a source as a whole is wrong. */
  readonly key: string;
  /** Who said it: `environment HAWSER_CONFIG_ORDERS__MAX_LINES`. Undefined where nobody did. */
  readonly source: string | undefined;
  /** All of it on one line, the way out included, secrets hidden. */
  readonly text: string;
}

/** The configuration cannot be used. The message has a line for every issue. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[], options?: ErrorOptions) {
    super(issues.map(({ text }) => text).join("\n"), options);
    this.issues = issues;
  }
}
