import type { StandardSchemaV1 } from "@standard-schema/spec";
import { check } from "./check.js";
import type { ConfigIssue } from "./config-error.js";
import { layered } from "./layers.js";
import { type ConfigSource, valueSource } from "./source.js";
import { merge, type Tree, toTree } from "./tree.js";
import { unusedIn } from "./unused.js";

/** What a service with this schema gets; one without a schema gets an object with nothing in it. */
export type ConfigOf<S extends StandardSchemaV1 | undefined> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<S>
  : Readonly<Record<string, never>>;

export interface ConfigOptions {
  /** Later ones win. */
  readonly sources: readonly ConfigSource[];
  /** The names that may have a section: those of all services, whether they run here or not. `shared` may always. */
  readonly sections: readonly string[];
}

export interface Config {
  /**
   * What the schema makes of the shared section with the named one over it. Objects merge, deeply; all else replaces.
   * Texts are taken as they are where the schema takes them, and read as JSON where it does not. Any Standard Schema
   * will do (zod 4, valibot, arktype), asynchronous ones too.
   *
   * @throws ConfigError for whatever does not fit
   * @throws RangeError for a name that was not among `sections`
   */
  section<S extends StandardSchemaV1 | undefined = undefined>(name: string, schema?: S): Promise<ConfigOf<S>>;
  /** Keys that sections say for themselves and that came out of no schema, of the sections asked for so far: typos, most likely. */
  unused(): readonly ConfigIssue[];
}

const shared = "shared";

/**
 * Puts the sources over each other.
 *
 * @throws ConfigError for a section that nobody may have, and for values that are no data
 * @throws TypeError where a service has the name `shared`
 */
export function createConfig(options: ConfigOptions): Config {
  const { sources, sections } = options;
  if (sections.includes(shared))
    throw new TypeError(`sections: "${shared}" is what all of them see; choose another name`);
  return new LayeredConfig(sources, [shared, ...sections]);
}

class LayeredConfig implements Config {
  readonly #sources: readonly ConfigSource[];
  readonly #names: readonly string[];
  readonly #layers: ReadonlyMap<string, Tree>;
  readonly #unused = new Map<string, readonly ConfigIssue[]>();

  constructor(sources: readonly ConfigSource[], names: readonly string[]) {
    this.#sources = sources;
    this.#names = names;
    this.#layers = layered(sources, names);
  }

  async section<S extends StandardSchemaV1 | undefined = undefined>(name: string, schema?: S): Promise<ConfigOf<S>> {
    if (name === shared || !this.#names.includes(name)) {
      throw new RangeError(`section ${JSON.stringify(name)}: expected one of ${this.#names.slice(1).join(", ")}`);
    }
    if (schema !== undefined && typeof schema["~standard"]?.validate !== "function") {
      throw new TypeError(`${name}: expected a Standard Schema (zod 4, valibot, arktype) for its configuration`);
    }
    const said = merge(this.#said(shared), this.#said(name));
    const { value, tree } =
      schema === undefined ? { value: {}, tree: said } : await check(name, said, schema, this.#sources);
    this.#unused.set(name, unusedIn(tree, value, [name]));
    return value as ConfigOf<S>;
  }

  unused(): readonly ConfigIssue[] {
    return [...this.#unused.values()].flat();
  }

  #said(section: string): Tree {
    return this.#layers.get(section) ?? nothing(section);
  }
}

function nothing(section: string): Tree {
  const source = valueSource("nothing", {});
  return toTree({}, { source, path: [section] });
}
