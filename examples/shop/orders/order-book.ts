import type { Line } from "../gen/shop/orders/v1/orders.js";
import { Journal } from "../journal.js";

export interface Order {
  readonly id: string;
  readonly lines: readonly Line[];
  readonly totalCents: number;
}

/** All orders that were placed. All instances of orders see the same. */
export class OrderBook implements AsyncDisposable {
  readonly #orders = new Map<string, Order>();
  #journal!: Journal<Order>;

  static async open(folder: string): Promise<OrderBook> {
    const book = new OrderBook();
    book.#journal = await Journal.open(folder, "orders", (order) => book.#apply(order));
    return book;
  }

  async find(id: string): Promise<Order | undefined> {
    await this.#journal.catchUp();
    return this.#orders.get(id);
  }

  /** The order as it stands in the book: of two with one id, the first. */
  async enter(order: Order): Promise<Order> {
    if ((await this.find(order.id)) === undefined) await this.#journal.append(order);
    return this.#orders.get(order.id) as Order;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#journal[Symbol.asyncDispose]();
  }

  #apply(order: Order): void {
    if (!this.#orders.has(order.id)) this.#orders.set(order.id, order);
  }
}
