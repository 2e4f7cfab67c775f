import { UsageError } from "../failure.js";
import { dependencies } from "./manifest.js";

/** One name, spelled as each language wants it. */
export interface Names {
  /** As people and the registry say it: `order-desk`. */
  readonly kebab: string;
  /** In contracts: `order_desk`. */
  readonly snake: string;
  /** In code: `orderDesk`. */
  readonly camel: string;
  /** The service of the contract: `OrderDeskService`. */
  readonly contract: string;
}

/** @param what for the message: what shall have this name @throws UsageError for a name that could not be one everywhere */
export function namesOf(what: string, name: string): Names {
  if (!/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(name) || name.length > 40) {
    throw new UsageError(
      `${what} ${JSON.stringify(name)}: expected lower case words of letters and digits with dashes between, ` +
        "each beginning with a letter, 40 characters at most, like order-desk",
    );
  }
  const words = name.split("-");
  const pascal = words.map(capital).join("");
  const camel = (words[0] as string) + words.slice(1).map(capital).join("");
  if (taken.has(camel) || dependencies().includes(name)) {
    throw new UsageError(`${what} ${name}: this name has a meaning of its own in the code; give another`);
  }
  return { kebab: name, snake: words.join("_"), camel, contract: pascal.replace(/(Service)?$/, "Service") };
}

function capital(word: string): string {
  return word.replace(/^./, (letter) => letter.toUpperCase());
}

/** What no constant may be called, in a strict module or in the files that are written; and what Hawser keeps for itself. */
const taken = new Set(
  (
    "arguments as async await break case catch class const continue debugger default delete do else enum eval export extends " +
    "false finally for function if implements import in instanceof interface let new null of package private protected " +
    "public return static super switch this throw true try typeof undefined var void while with yield " +
    "z defineApp defineService gen service shared"
  ).split(" "),
);
