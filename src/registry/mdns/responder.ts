import type { RemoteInfo } from "node:dgram";
import type { Answer, Link, QueryPacket } from "./link.js";
import { allTypes, sameName } from "./names.js";
import type { ResolvedMdnsOptions } from "./options.js";
import { allOf, type InstanceRecords, typeRecord } from "./records.js";

type Asked = NonNullable<QueryPacket["questions"]>[number];

/** Questions that wait for their answers. Who is not among them asks again. */
const mostWaiting = 64;

/** Answers what is asked of our own instances. */
export class Responder {
  readonly #link: Link;
  readonly #options: ResolvedMdnsOptions;
  readonly #own: () => Iterable<InstanceRecords>;
  readonly #waiting = new Set<{ cancel(): void }>();

  constructor(link: Link, options: ResolvedMdnsOptions, own: () => Iterable<InstanceRecords>) {
    this.#link = link;
    this.#options = options;
    this.#own = own;
  }

  /** Many answer the same question: each waits for a while of its own (RFC 6762 §6). */
  hear(query: QueryPacket, from: RemoteInfo): void {
    if (from.port !== this.#options.port) {
      const answers = this.#answers(query).flatMap((each) => [...each.answers, ...each.additionals]);
      if (answers.length > 0) this.#link.respondTo(from, query, answers).catch(() => {});
      return;
    }
    if (this.#waiting.size >= mostWaiting || this.#answers(query).length === 0) return;
    const { clock, random } = this.#options;
    const timer = clock.timer(20 + 100 * random(), () => {
      this.#waiting.delete(timer);
      for (const { answers, additionals } of this.#answers(query)) {
        this.#link.respond(answers, additionals).catch(() => {}); // who can be reached asks again
      }
    });
    this.#waiting.add(timer);
  }

  close(): void {
    for (const timer of this.#waiting) timer.cancel();
  }

  /** A message an instance: each alone may be as long as a message can be. */
  #answers({
    questions = [],
    answers: known = [],
  }: QueryPacket): { readonly answers: readonly Answer[]; readonly additionals: readonly Answer[] }[] {
    const own = [...this.#own()];
    const replies = own.flatMap((records) => {
      const all = allOf(records);
      const asked = all.filter((each) => questions.some((question) => asksFor(question, each)));
      const answers = asked.filter((each) => !isKnown(known, each));
      if (answers.length === 0) return [];
      return [{ answers, additionals: all.filter((each) => !asked.includes(each)) }];
    });
    const type = typeRecord(this.#options.ttlMs / 1_000);
    const asksForType = questions.some((question) => sameName(question.name, allTypes) && asksFor(question, type));
    return own.length > 0 && asksForType ? [...replies, { answers: [type], additionals: [] }] : replies;
  }
}

function asksFor({ name, type }: Asked, answer: Answer): boolean {
  return sameName(name, answer.name as string) && (type === answer.type || (type as string) === "ANY");
}

/** Whoever asks says what it knows, so that nobody need tell it (RFC 6762 §7.1). */
function isKnown(known: readonly Answer[], answer: Answer): boolean {
  return known.some(
    (each) =>
      each.type === "PTR" &&
      answer.type === "PTR" &&
      sameName(each.name, answer.name) &&
      sameName(each.data, answer.data) &&
      Number(each.ttl) >= Number(answer.ttl) / 2,
  );
}
