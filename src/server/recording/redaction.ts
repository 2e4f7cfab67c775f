import type { DescExtension, DescField, DescMessage, JsonValue, Registry } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { type FieldPath, formatPath } from "./field-path.js";
import { hiddenText } from "./recording-line.js";

/** What is to be done with one field of a type: hide it, or look into the messages it holds. */
type FieldPlan =
  | { readonly hide: "text" | "whole" }
  | { readonly look: "one" | "list" | "map"; readonly type: DescMessage };

type TypePlan = ReadonlyMap<string, FieldPlan>;
type JsonObject = { [key: string]: JsonValue };

const anyName = "google.protobuf.Any";
const nothing: TypePlan = new Map();

/**
 * Hides in messages what their contract marks `debug_redact = true`: texts become `[REDACTED]`, everything else is left
 * out. What is to be hidden is found out once a type; a type may hold itself.
 */
export class Redaction {
  readonly #types: Registry;
  readonly #plans = new Map<string, TypePlan>();

  /** @param types knows the types that an `Any` may hold, and extensions */
  constructor(types: Registry) {
    this.#types = types;
  }

  /**
   * Changes the JSON of a message in place.
   *
   * @param path where the message stands
   * @returns the fields that were hidden
   */
  apply(type: DescMessage, json: JsonValue, path: FieldPath = []): readonly string[] {
    const hidden: string[] = [];
    this.#message(type, json, path, hidden);
    return hidden;
  }

  #message(type: DescMessage, json: JsonValue, path: FieldPath, hidden: string[]): void {
    if (!isObject(json)) return;
    if (type.typeName === anyName) this.#any(json, path, hidden);
    const plan = this.#planOf(type);
    for (const [key, value] of Object.entries(json)) {
      const field = plan.get(key) ?? this.#extensionPlan(key);
      if (field === undefined) continue;
      const here = [...path, key];
      if ("look" in field) {
        for (const [place, each] of held(field.look, value, here)) this.#message(field.type, each, place, hidden);
        continue;
      }
      hidden.push(formatPath(here));
      if (field.hide === "text") json[key] = hiddenText;
      else delete json[key];
    }
  }

  /** Its JSON is that of what it holds, with `@type` beside it; types with a JSON of their own stand under `value`. */
  #any(json: JsonObject, path: FieldPath, hidden: string[]): void {
    const url = String(json["@type"] ?? "");
    const type = this.#types.getMessage(url.slice(url.lastIndexOf("/") + 1));
    if (type?.typeName === anyName) this.#message(type, json["value"] ?? null, [...path, "value"], hidden);
    else if (type !== undefined) this.#message(type, json, path, hidden);
  }

  #planOf(type: DescMessage): TypePlan {
    if (type.typeName.startsWith("google.protobuf.")) return nothing; // nothing in them is marked, and their JSON is their own
    let plan = this.#plans.get(type.typeName);
    if (plan === undefined) {
      plan = new Map(type.fields.flatMap((field) => withKey(field.jsonName, planOf(field))));
      this.#plans.set(type.typeName, plan);
    }
    return plan;
  }

  #extensionPlan(key: string): FieldPlan | undefined {
    const extension = key.startsWith("[") ? this.#types.getExtension(key.slice(1, -1)) : undefined;
    return extension === undefined ? undefined : planOf(extension);
  }
}

function withKey(key: string, plan: FieldPlan | undefined): readonly (readonly [string, FieldPlan])[] {
  return plan === undefined ? [] : [[key, plan]];
}

function planOf(field: DescField | DescExtension): FieldPlan | undefined {
  if (field.proto.options?.debugRedact) {
    return { hide: field.fieldKind === "scalar" && field.scalar === ScalarType.STRING ? "text" : "whole" };
  }
  if (field.fieldKind === "message") return { look: "one", type: field.message };
  if (field.fieldKind === "list" && field.listKind === "message") return { look: "list", type: field.message };
  if (field.fieldKind === "map" && field.mapKind === "message") return { look: "map", type: field.message };
  return undefined;
}

/** The messages in the value of a field, each with its place. */
function held(
  look: "one" | "list" | "map",
  value: JsonValue,
  path: FieldPath,
): readonly (readonly [FieldPath, JsonValue])[] {
  if (look === "one") return [[path, value]];
  if (Array.isArray(value)) return value.map((each, index) => [[...path, index], each]);
  return isObject(value) ? Object.entries(value).map(([key, each]) => [[...path, key], each]) : [];
}

function isObject(json: JsonValue): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
