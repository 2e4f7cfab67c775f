import { test } from "vitest";
import type { WireSuiteOptions } from "../wire.js";

/** Tells a story as a test, unless the transport leaves it out. */
export function teller({ skip = {} }: WireSuiteOptions): (title: string, tell: () => Promise<void>) => void {
  return (title, tell) => {
    const reason = skip[title];
    if (reason === undefined) test(title, tell);
    else test.skip(`${title} (skipped: ${reason})`, () => {});
  };
}
