import type { Line } from "../gen/shop/inventory/v1/inventory.js";
import { Journal } from "../journal.js";
import { type Article, catalog } from "./catalog.js";
import { notReserved, otherReservation, outOfStock, unknownArticle } from "./failures.js";

export interface Reservation {
  readonly id: string;
  readonly customer: string;
  readonly lines: readonly Line[];
}

type Entry =
  | { readonly reserved: Reservation; readonly picked?: never }
  | { readonly picked: { readonly id: string; readonly sku: string }; readonly reserved?: never };

const articles = new Map(catalog.map((article) => [article.sku, article]));

/** How much is left of what, and what is set aside for whom. All instances of inventory see the same. */
export class Stock implements AsyncDisposable {
  readonly #left = new Map(catalog.map(({ sku, stock }) => [sku, stock]));
  readonly #reservations = new Map<string, Reservation>();
  readonly #picked = new Set<string>();
  #journal!: Journal<Entry>;

  static async open(folder: string): Promise<Stock> {
    const stock = new Stock();
    stock.#journal = await Journal.open(folder, "inventory", (entry) => stock.#apply(entry));
    return stock;
  }

  async article(sku: string): Promise<Article & { readonly left: number }> {
    const article = known(sku);
    await this.#journal.catchUp();
    return { ...article, left: this.#leftOf(sku) };
  }

  async reservation(id: string): Promise<Reservation | undefined> {
    await this.#journal.catchUp();
    return this.#reservations.get(id);
  }

  /** The journal decides: who comes first in it gets what is left, and a repeated entry finds itself already there. */
  async reserve(wanted: Reservation): Promise<void> {
    for (const { sku } of wanted.lines) known(sku);
    if ((await this.reservation(wanted.id)) === undefined) await this.#journal.append({ reserved: wanted });
    const granted = this.#reservations.get(wanted.id);
    if (granted === undefined) throw outOfStock(this.#short(wanted), (sku) => this.#leftOf(sku));
    if (!sameLines(granted.lines, wanted.lines)) throw otherReservation(wanted.id);
  }

  async pick(id: string, sku: string): Promise<{ readonly shelf: string; readonly quantity: number }> {
    const line = (await this.reservation(id))?.lines.find((each) => each.sku === sku);
    if (line === undefined) throw notReserved(id, sku);
    if (!this.#picked.has(pickOf(id, sku))) await this.#journal.append({ picked: { id, sku } });
    return { shelf: known(sku).shelf, quantity: line.quantity };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#journal[Symbol.asyncDispose]();
  }

  #apply({ reserved, picked }: Entry): void {
    if (picked !== undefined) this.#picked.add(pickOf(picked.id, picked.sku));
    else if (!this.#reservations.has(reserved.id) && this.#short(reserved).length === 0) {
      for (const { sku, quantity } of reserved.lines) this.#left.set(sku, this.#leftOf(sku) - quantity);
      this.#reservations.set(reserved.id, reserved);
    }
  }

  #short({ lines }: Reservation): readonly Line[] {
    return lines.filter(({ sku, quantity }) => quantity > this.#leftOf(sku));
  }

  #leftOf(sku: string): number {
    return this.#left.get(sku) ?? 0;
  }
}

function known(sku: string): Article {
  const article = articles.get(sku);
  if (article === undefined) throw unknownArticle(sku);
  return article;
}

function pickOf(id: string, sku: string): string {
  return `${id}/${sku}`;
}

function sameLines(some: readonly Line[], others: readonly Line[]): boolean {
  const key = (lines: readonly Line[]) => JSON.stringify(lines.map(({ sku, quantity }) => [sku, quantity]).sort());
  return key(some) === key(others);
}
