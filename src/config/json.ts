/** What a text says as JSON; undefined where it is none, or would set a prototype. */
export function readJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text, refusePrototypes) };
  } catch {
    return undefined; // V8's message quotes the text, which may be a secret
  }
}

function refusePrototypes(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new SyntaxError("a prototype is no value");
  return value;
}
