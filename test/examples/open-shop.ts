import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, createService, type Handlers, type Middleware, memoryTransport, type Service } from "hawser";
import type { ClosableClient } from "hawser/client";
import { type ServiceDefinition, silentLogger } from "hawser/contract";
import { memoryRegistry } from "hawser/registry/memory";
import { InventoryServiceDefinition } from "../../examples/shop/gen/shop/inventory/v1/inventory.js";
import { OrdersServiceDefinition } from "../../examples/shop/gen/shop/orders/v1/orders.js";
import { StorefrontServiceDefinition } from "../../examples/shop/gen/shop/storefront/v1/storefront.js";
import { inventoryHandlers } from "../../examples/shop/inventory/handlers.js";
import { Stock } from "../../examples/shop/inventory/stock.js";
import { ordersHandlers } from "../../examples/shop/orders/handlers.js";
import { OrderBook } from "../../examples/shop/orders/order-book.js";
import { storefrontHandlers } from "../../examples/shop/storefront/handlers.js";

export interface OpenShop extends AsyncDisposable {
  readonly storefront: ClosableClient<StorefrontServiceDefinition>;
  /** Both instances of inventory, for calls past the other services. */
  readonly inventory: ClosableClient<InventoryServiceDefinition>;
  /** A reader of inventory's books. */
  readonly stock: Stock;
  /** Where the books are. */
  readonly folder: string;
}

/**
 * The whole shop in this process: the same handlers, two instances of inventory, calls in memory.
 *
 * @param towardsInventory around every attempt of orders to call inventory
 */
export async function openShop(towardsInventory: readonly Middleware[] = []): Promise<OpenShop> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-shop-test-"));
  const registry = memoryRegistry();
  const transport = memoryTransport();
  const services: Service[] = [];
  const service = (name: string, address: string): Service => {
    const made = createService({ name, address, registry, transport, logger: silentLogger, drainMs: 0 });
    services.push(made);
    return made;
  };
  const serve = <D extends ServiceDefinition>(to: Service, definition: D, handlers: Handlers<D>): Promise<void> =>
    to.add(definition, handlers).start();

  const stocks = await Promise.all([Stock.open(folder), Stock.open(folder), Stock.open(folder)]);
  const [first, second, stock] = stocks;
  const book = await OrderBook.open(folder);
  await serve(service("inventory", "memory://inventory-1"), InventoryServiceDefinition, inventoryHandlers(first));
  await serve(service("inventory", "memory://inventory-2"), InventoryServiceDefinition, inventoryHandlers(second));
  const orders = service("orders", "memory://orders");
  const needed = orders.client(InventoryServiceDefinition, "inventory", { attemptMiddleware: towardsInventory });
  await serve(orders, OrdersServiceDefinition, ordersHandlers(book, needed));
  const front = service("storefront", "memory://storefront");
  await serve(front, StorefrontServiceDefinition, storefrontHandlers(front.client(OrdersServiceDefinition, "orders")));

  const storefront = createClient(StorefrontServiceDefinition, { registry, service: "storefront", transport });
  const inventory = createClient(InventoryServiceDefinition, { registry, service: "inventory", transport });
  return {
    storefront,
    inventory,
    stock,
    folder,
    async [Symbol.asyncDispose]() {
      for (const client of [storefront, inventory]) await client.close();
      for (const each of services.toReversed()) await each.close();
      await registry.close();
      for (const books of [...stocks, book]) await books[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
