import type { IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";

export class BadInput extends Error {}

/** The body of a request, field by field. */
export class Input {
  readonly #fields: { readonly [name: string]: unknown };

  private constructor(fields: { readonly [name: string]: unknown }) {
    this.#fields = fields;
  }

  static async of(request: IncomingMessage): Promise<Input> {
    const body = await json(request).catch(() => undefined);
    if (typeof body !== "object" || body === null) throw new BadInput("the body is no JSON object");
    return new Input(body as { readonly [name: string]: unknown });
  }

  text(name: string, pattern = /./): string {
    const value = this.#fields[name];
    if (typeof value !== "string" || !pattern.test(value)) throw new BadInput(`${name}: ${JSON.stringify(value)}`);
    return value;
  }

  number(name: string, from: number, to: number): number {
    const value = this.#fields[name];
    if (!Number.isInteger(value) || (value as number) < from || (value as number) > to) {
      throw new BadInput(`${name}: a whole number from ${from} to ${to}`);
    }
    return value as number;
  }
}
