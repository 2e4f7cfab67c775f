/** The way to a value in JSON: names of fields, keys of maps, places in lists. */
export type FieldPath = readonly (string | number)[];

const name = /^[A-Za-z_]\w*$/;
const step = /(?:^|\.)([A-Za-z_]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;

/** `payment.cardNumber`, `lines[0].note`, `byPayer["a b"].cents` */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>((text, each) => {
    if (typeof each === "number") return `${text}[${each}]`;
    if (!name.test(each)) return `${text}[${JSON.stringify(each)}]`;
    return text === "" ? each : `${text}.${each}`;
  }, "");
}

/** @throws TypeError where it is none */
export function parsePath(text: string): FieldPath {
  const path: (string | number)[] = [];
  for (let at = 0; at < text.length; at = step.lastIndex) {
    step.lastIndex = at;
    const [, plain, index, quoted] = step.exec(text) ?? [];
    if (plain !== undefined) path.push(plain);
    else if (index !== undefined) path.push(Number(index));
    else if (quoted !== undefined) path.push(JSON.parse(quoted));
    else break;
  }
  if (path.length > 0 && formatPath(path) === text) return path;
  throw new TypeError(`${JSON.stringify(text)} is no field; expected something like payment.card or lines[0].note`);
}
