/** What lets Node run TypeScript. */
export const nodeArgs: readonly string[] = ["--import", import.meta.resolve("tsx")];
