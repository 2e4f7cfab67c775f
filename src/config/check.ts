import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ConfigError } from "./config-error.js";
import { type Complaint, explain } from "./explain.js";
import { readJson } from "./json.js";
import { withoutSecrets } from "./shown.js";
import type { ConfigSource } from "./source.js";
import { isText, mapLeaves, type Tree, toTree, toValue } from "./tree.js";

/** What a schema made of a section. */
export interface Checked {
  readonly value: unknown;
  /** What it was asked about in the end. */
  readonly tree: Tree;
}

/**
 * Asks a schema. Texts are taken as they are where the schema takes them; those it complains about are read as JSON and it
 * is asked again. Where it complains about an object as a whole (a union), the texts in it are read as JSON too, if
 * that leaves it less to complain about.
 *
 * @throws ConfigError with whatever it still complains about
 */
export async function check(
  section: string,
  tree: Tree,
  schema: StandardSchemaV1,
  sources: readonly ConfigSource[],
): Promise<Checked> {
  let answer = await ask(section, tree, schema);
  for (;;) {
    const read = readAsJson(answer.tree, answer.complaints, isOn);
    if (read === answer.tree) break;
    answer = await ask(section, read, schema);
  }
  for (const complaint of answer.complaints) {
    const read = readAsJson(answer.tree, [complaint], isBeneath);
    const other = read === answer.tree ? answer : await ask(section, read, schema);
    if (other.complaints.length < answer.complaints.length) answer = other;
  }
  if (answer.complaints.length === 0) return answer;
  throw new ConfigError(answer.complaints.map((complaint) => explain(section, answer.tree, complaint, sources)));
}

interface Answer extends Checked {
  readonly complaints: readonly Complaint[];
}

async function ask(section: string, tree: Tree, schema: StandardSchemaV1): Promise<Answer> {
  const result = await validate(section, schema, toValue(tree));
  if (result.issues === undefined) return { value: result.value, tree, complaints: [] };
  const complaints = result.issues.map(({ path = [], message }) => ({
    path: path.map((part) => String(typeof part === "object" ? part.key : part)),
    message,
  }));
  return { value: undefined, tree, complaints };
}

async function validate(
  section: string,
  schema: StandardSchemaV1,
  value: unknown,
): Promise<StandardSchemaV1.Result<unknown>> {
  try {
    return await schema["~standard"].validate(value);
  } catch (cause) {
    throw new Error(`${section}: its schema threw instead of answering: ${withoutSecrets(`${cause}`, [], value)}`, {
      cause,
    });
  }
}

type Relation = (text: readonly string[], complaint: readonly string[]) => boolean;

const isOn: Relation = (text, complaint) => text.every((key, index) => key === complaint[index]);
const isBeneath: Relation = (text, complaint) => complaint.every((key, index) => key === text[index]);

/** The same tree where there is nothing to read. */
function readAsJson(tree: Tree, complaints: readonly Complaint[], related: Relation): Tree {
  return mapLeaves(tree, (leaf, path) => {
    const complaint = complaints.find((each) => related(path, each.path));
    if (complaint === undefined || !isText(leaf)) return leaf;
    const json = readJson(leaf.value);
    if (json === undefined) return leaf;
    return toTree(json.value, { ...leaf.origin, readFrom: { text: leaf.value, complaint: complaint.message } });
  });
}
