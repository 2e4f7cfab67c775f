import { BadRequest, Code, detail, RpcError } from "hawser/errors";
import type { Line } from "../gen/shop/orders/v1/orders.js";

interface Violation {
  readonly field: string;
  readonly description: string;
}

const word = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** @throws RpcError INVALID_ARGUMENT that names every field that is wrong */
export function checkLines(lines: readonly Line[]): void {
  refuse(lineViolations(lines));
}

/** @throws RpcError INVALID_ARGUMENT that names every field that is wrong */
export function checkOrder(id: string, lines: readonly Line[]): void {
  const idViolations = word.test(id)
    ? []
    : [{ field: "order_id", description: "lower case letters, digits and dashes" }];
  refuse([...idViolations, ...lineViolations(lines)]);
}

function lineViolations(lines: readonly Line[]): readonly Violation[] {
  if (lines.length === 0) return [{ field: "lines", description: "an order has one line at least" }];
  return lines.flatMap(({ sku, quantity }, index) => {
    const violations: Violation[] = [];
    const found = (field: string, description: string) =>
      violations.push({ field: `lines[${index}].${field}`, description });
    if (!word.test(sku)) found("sku", "lower case letters, digits and dashes");
    else if (lines.findIndex((other) => other.sku === sku) < index) found("sku", "is in the order already");
    if (quantity < 1 || quantity > 100) found("quantity", "from 1 to 100");
    return violations;
  });
}

function refuse(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  const told = violations.map(({ field, description }) => `${field}: ${description}`).join("; ");
  throw new RpcError(Code.INVALID_ARGUMENT, told, { details: [detail(BadRequest, { fieldViolations: violations })] });
}
