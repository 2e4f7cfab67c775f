import { z } from "zod";
import { createConfig, environmentSource, fileSource, flagSource } from "../../src/config/config.js";

const schema = z.object({
  currency: z.string(),
  maxLines: z.number().default(10),
  database: z.object({ host: z.string(), poolSize: z.number() }),
});

/** What `orders` runs with: of shop.yaml, of the variables over it, of the flags over those. */
export async function ordersConfig(
  folder: string,
  env: Record<string, string | undefined>,
  set: readonly string[],
): Promise<z.output<typeof schema>> {
  const config = createConfig({
    sources: [await fileSource(`${folder}/shop.yaml`), environmentSource(env), flagSource(set)],
    sections: ["orders", "inventory"],
  });
  const value = await config.section("orders", schema);
  for (const { text } of config.unused()) console.warn(text);
  return value;
}
