import { type Config, ConfigError } from "../../config/config.js";
import type { ServiceSpec } from "../spec.js";

/** What the schemas make of the values there are, by service. @throws ConfigError for all at once that do not fit */
export async function sections(config: Config, specs: readonly ServiceSpec[]): Promise<ReadonlyMap<string, unknown>> {
  const made = await Promise.allSettled(specs.map((spec) => config.section(spec.name, spec.config)));
  const reasons = made.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
  const misfits = reasons.filter((reason) => reason instanceof ConfigError);
  if (reasons.length > misfits.length) throw reasons.find((reason) => !misfits.includes(reason as ConfigError));
  if (misfits.length === 1) throw misfits[0];
  if (misfits.length > 1) throw new ConfigError(misfits.flatMap(({ issues }) => issues));
  return new Map(specs.map(({ name }, index) => [name, (made[index] as PromiseFulfilledResult<unknown>).value]));
}
