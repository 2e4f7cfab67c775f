import { catalog } from "../inventory/catalog.js";
import { Stock } from "../inventory/stock.js";
import type { Purchase } from "./customers.js";

/**
 * Looks into inventory's books after closing time: every purchase must be in them once, for the customer who made it, and
 * nothing else be missing from the shelves. Calls that were made again have not been carried out twice, then.
 *
 * @returns what is wrong; nothing where all is right
 */
export async function checkBooks(folder: string, purchases: readonly Purchase[]): Promise<readonly string[]> {
  await using stock = await Stock.open(folder);
  const wrong: string[] = [];
  for (const { orderId, customer } of purchases) {
    const found = (await stock.reservation(orderId))?.customer;
    if (found !== customer) wrong.push(`order ${orderId} of ${customer} is in the books of ${found ?? "nobody"}`);
  }
  for (const { sku, stock: before } of catalog) {
    const sold = purchases
      .flatMap(({ items }) => items)
      .filter((item) => item.sku === sku)
      .reduce((sum, { quantity }) => sum + quantity, 0);
    const taken = before - (await stock.article(sku)).left;
    if (taken !== sold) wrong.push(`${sku}: ${sold} sold, and ${taken} taken from the shelves`);
  }
  return wrong;
}
