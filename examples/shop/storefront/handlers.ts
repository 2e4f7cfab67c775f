import type { Client, Handlers } from "hawser";
import { BadRequest, Code, detail, RpcError } from "hawser/errors";
import { OrderStatus, type OrdersServiceDefinition, type PackOrderResponse } from "../gen/shop/orders/v1/orders.js";
import type { StorefrontServiceDefinition } from "../gen/shop/storefront/v1/storefront.js";

export function storefrontHandlers(orders: Client<OrdersServiceDefinition>): Handlers<StorefrontServiceDefinition> {
  return {
    async quote({ items }) {
      return await orders.quoteOrder({ lines: items });
    },

    async buy({ cartId, customer, items }) {
      checkCustomer(customer);
      // Metadata under this prefix goes along from call to call: inventory will see it too.
      const metadata = { "x-hawser-global-customer": customer };
      const { totalCents } = await orders.placeOrder({ orderId: cartId, lines: items }, { metadata });
      return { orderId: cartId, totalCents };
    },

    async *collect({ orderId }) {
      for await (const update of orders.packOrder({ orderId })) {
        yield { text: screenText(update), ready: update.status === OrderStatus.ORDER_STATUS_READY };
      }
    },
  };
}

function screenText({ status, sku, shelf }: PackOrderResponse): string {
  switch (status) {
    case OrderStatus.ORDER_STATUS_PLACED:
      return "We have your order.";
    case OrderStatus.ORDER_STATUS_PACKING:
      return `Packed: ${sku}, from shelf ${shelf}.`;
    case OrderStatus.ORDER_STATUS_READY:
      return "Ready: please come to the counter.";
    default:
      return "One moment.";
  }
}

function checkCustomer(customer: string): void {
  if (/^[a-z0-9-]+$/.test(customer)) return;
  const description = "lower case letters, digits and dashes";
  throw new RpcError(Code.INVALID_ARGUMENT, `customer: ${description}`, {
    details: [detail(BadRequest, { fieldViolations: [{ field: "customer", description }] })],
  });
}
