import { type Config, ConfigError, type ConfigSource, createConfig } from "../../src/config/config.js";

/** The configuration of a small shop. */
export function shop(...sources: readonly ConfigSource[]): Config {
  return createConfig({ sources, sections: ["orders", "inventory", "order-book"] });
}

/** The lines of the `ConfigError` that `read` fails with. */
export async function complaintsOf(read: () => unknown): Promise<readonly string[]> {
  try {
    await read();
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  throw new Error("there was nothing to complain about");
}
