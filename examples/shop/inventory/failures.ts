import { Code, detail, ErrorInfo, PreconditionFailure, ResourceInfo, RpcError } from "hawser/errors";
import type { Line } from "../gen/shop/inventory/v1/inventory.js";

export function unknownArticle(sku: string): RpcError {
  return new RpcError(Code.NOT_FOUND, `no article "${sku}"`, {
    details: [detail(ResourceInfo, { resourceType: "article", resourceName: sku })],
  });
}

export function outOfStock(short: readonly Line[], left: (sku: string) => number): RpcError {
  const skus = short.map(({ sku }) => sku).join(", ");
  return new RpcError(Code.FAILED_PRECONDITION, `out of stock: ${skus}`, {
    details: [
      detail(ErrorInfo, { reason: "OUT_OF_STOCK", domain: "inventory.shop", metadata: { skus } }),
      detail(PreconditionFailure, {
        violations: short.map(({ sku, quantity }) => ({
          type: "STOCK",
          subject: sku,
          description: `${quantity} wanted, ${left(sku)} left`,
        })),
      }),
    ],
  });
}

export function otherReservation(id: string): RpcError {
  return new RpcError(Code.ALREADY_EXISTS, `reservation "${id}" is one of other articles`, {
    details: [detail(ResourceInfo, { resourceType: "reservation", resourceName: id })],
  });
}

export function notReserved(id: string, sku: string): RpcError {
  return new RpcError(Code.NOT_FOUND, `no "${sku}" in reservation "${id}"`, {
    details: [detail(ResourceInfo, { resourceType: "reservation", resourceName: id })],
  });
}
