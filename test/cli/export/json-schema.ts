/** A schema as JSON Schema and OpenAPI write it, as far as the two files beside this one use it. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

export interface Document extends Schema {
  readonly $defs?: { readonly [name: string]: Schema };
  readonly definitions?: { readonly [name: string]: Schema };
}

interface Verdict {
  /** A line each: `/services/orders: there is no key "imag"`. */
  readonly problems: readonly string[];
  /** Keys that some part of the schema knew. */
  readonly known: ReadonlySet<string>;
}

type Values = { readonly [key: string]: unknown };

/** Says nothing of a value: names, texts for people, and `format`, which may be ignored. */
const silent = new Set(["$schema", "$id", "$defs", "definitions", "title", "description", "format"]);

/**
 * What is wrong with a value. A schema that asks for something this does not know is refused, not passed.
 *
 * @param strict whether an object may have those keys alone that its schema names, as kubeconform's `-strict` has it
 */
export function problemsOf(document: Document, schema: Schema, value: unknown, strict: boolean): readonly string[] {
  const fine: Verdict = { problems: [], known: new Set() };

  const check = (part: Schema, inner: unknown, path: string): Verdict => {
    const verdicts = Object.keys(part).map((keyword) => checkKeyword(keyword, part, inner, path));
    const known = new Set(verdicts.flatMap((each) => [...each.known]));
    const problems = verdicts.flatMap((each) => each.problems);
    const closed =
      part["unevaluatedProperties"] === false || (strict && "properties" in part && !("additionalProperties" in part));
    const unknown = closed && isObject(inner) ? Object.keys(inner).filter((key) => !known.has(key)) : [];
    return { known, problems: [...problems, ...unknown.map((key) => `${path}: there is no key "${key}"`)] };
  };

  const checkKeyword = (keyword: string, part: Schema, inner: unknown, path: string): Verdict => {
    const said = part[keyword];
    const unless = (holds: boolean, expected: string): Verdict =>
      holds
        ? fine
        : { problems: [`${path || "/"}: expected ${expected}, was ${JSON.stringify(inner)}`], known: new Set() };
    switch (keyword) {
      case "$ref":
        return check(resolve(document, said as string), inner, path);
      case "type":
        return unless(
          [said].flat().some((type) => isOf(type as string, inner)),
          [said].flat().join(" or "),
        );
      case "enum":
        return unless((said as unknown[]).includes(inner), `one of ${(said as unknown[]).join(", ")}`);
      case "pattern":
        return unless(typeof inner !== "string" || new RegExp(said as string).test(inner), said as string);
      case "minimum":
        return unless(typeof inner !== "number" || inner >= (said as number), `${said} or more`);
      case "maximum":
        return unless(typeof inner !== "number" || inner <= (said as number), `${said} or less`);
      case "uniqueItems":
        return unless(
          !Array.isArray(inner) || new Set(inner.map((each) => JSON.stringify(each))).size === inner.length,
          "no item twice",
        );
      case "required":
        return unless(!isObject(inner) || (said as string[]).every((key) => key in inner), `${said} in it`);
      case "items":
        return Array.isArray(inner)
          ? all(
              inner.map((each, index) => check(said as Schema, each, `${path}/${index}`)),
              [],
            )
          : fine;
      case "properties":
      case "patternProperties":
      case "additionalProperties":
        return isObject(inner) ? checkKeys(keyword, part, inner, path) : fine;
      case "unevaluatedProperties":
        if (said !== false) throw new Error(`${path}: unevaluatedProperties: ${said}`);
        return fine; // once all else is known
      case "allOf":
        return all((said as Schema[]).map((each) => check(each, inner, path)));
      case "anyOf":
      case "oneOf": {
        const verdicts = (said as Schema[]).map((each) => check(each, inner, path));
        const fitting = verdicts.filter(({ problems }) => problems.length === 0);
        if (fitting.length === 1 || (keyword === "anyOf" && fitting.length > 1)) return all(fitting);
        const reasons = verdicts.flatMap(({ problems }) => problems);
        return {
          problems: [`${path}: fits ${fitting.length} of ${verdicts.length} ways: ${reasons.join("; ")}`],
          known: new Set(),
        };
      }
      default:
        if (silent.has(keyword)) return fine;
        throw new Error(`${path}: ${keyword} is not implemented`);
    }
  };

  const checkKeys = (keyword: string, part: Schema, inner: Values, path: string): Verdict => {
    const named = (part["properties"] ?? {}) as { readonly [key: string]: Schema };
    const patterns = Object.entries((part["patternProperties"] ?? {}) as { readonly [pattern: string]: Schema });
    const matching = (key: string) =>
      patterns.filter(([pattern]) => new RegExp(pattern).test(key)).map(([, each]) => each);
    const schemas = (key: string): readonly Schema[] => {
      if (keyword === "properties") return Object.hasOwn(named, key) ? [named[key] as Schema] : [];
      if (keyword === "patternProperties") return matching(key);
      if (Object.hasOwn(named, key) || matching(key).length > 0) return [];
      const others = part["additionalProperties"] as Schema | boolean;
      return typeof others === "object" ? [others] : others ? [{}] : [{ enum: [] }];
    };
    const known = Object.keys(inner).filter((key) => schemas(key).length > 0);
    return all(
      known.flatMap((key) => schemas(key).map((each) => check(each, inner[key], `${path}/${key}`))),
      known,
    );
  };

  return check(schema, value, "").problems;
}

/** @param known the keys it is about; by default those of its parts */
function all(verdicts: readonly Verdict[], known = verdicts.flatMap((each) => [...each.known])): Verdict {
  return { problems: verdicts.flatMap(({ problems }) => problems), known: new Set(known) };
}

function resolve({ $defs, definitions }: Document, ref: string): Schema {
  const found = ($defs ?? definitions)?.[ref.split("/").at(-1) as string];
  if (found === undefined) throw new Error(`there is no ${ref}`);
  return found;
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "integer":
      return Number.isInteger(value);
    case "string":
    case "number":
    case "boolean":
      return typeof value === type;
    default:
      throw new Error(`there is no type ${type}`);
  }
}
