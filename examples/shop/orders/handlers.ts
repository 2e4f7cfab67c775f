import type { Client, Handlers } from "hawser";
import { Code, detail, ResourceInfo, RpcError } from "hawser/errors";
import type { InventoryServiceDefinition } from "../gen/shop/inventory/v1/inventory.js";
import { type Line, OrderStatus, type OrdersServiceDefinition } from "../gen/shop/orders/v1/orders.js";
import { checkLines, checkOrder } from "./checks.js";
import type { OrderBook } from "./order-book.js";

export function ordersHandlers(
  book: OrderBook,
  inventory: Client<InventoryServiceDefinition>,
): Handlers<OrdersServiceDefinition> {
  async function price(lines: readonly Line[]): Promise<{ readonly totalCents: number; readonly available: boolean }> {
    const articles = await Promise.all(lines.map(({ sku }) => inventory.getArticle({ sku })));
    const priced = lines.map(({ quantity }, index) => ({ quantity, ...articles[index]! }));
    return {
      totalCents: priced.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0),
      available: priced.every(({ quantity, available }) => quantity <= available),
    };
  }

  return {
    async quoteOrder({ lines }) {
      checkLines(lines);
      return await price(lines);
    },

    // Each step can be repeated, so the whole can.
    async placeOrder({ orderId, lines }) {
      checkOrder(orderId, lines);
      const { totalCents } = await price(lines);
      await inventory.reserve({ reservationId: orderId, lines });
      const order = await book.enter({ id: orderId, lines, totalCents });
      return { totalCents: order.totalCents };
    },

    async *packOrder({ orderId }) {
      const order = await book.find(orderId);
      if (order === undefined) throw unknownOrder(orderId);
      yield { status: OrderStatus.ORDER_STATUS_PLACED };
      for (const { sku } of order.lines) {
        const { shelf } = await inventory.pick({ reservationId: orderId, sku });
        yield { status: OrderStatus.ORDER_STATUS_PACKING, sku, shelf };
      }
      yield { status: OrderStatus.ORDER_STATUS_READY };
    },
  };
}

function unknownOrder(id: string): RpcError {
  return new RpcError(Code.NOT_FOUND, `no order "${id}"`, {
    details: [detail(ResourceInfo, { resourceType: "order", resourceName: id })],
  });
}
