import type { Logger } from "../../src/contract/contract.js";

/** A logger that keeps what errors it is told of. */
export class Diary implements Logger {
  readonly lines: { readonly [field: string]: unknown }[] = [];

  debug(): void {}

  info(): void {}

  warn(): void {}

  error(fields: object): void {
    this.lines.push(fields as { readonly [field: string]: unknown });
  }

  child(): Logger {
    return this;
  }
}
