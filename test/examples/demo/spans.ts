import type { Attempt, Span } from "../../../examples/shop/demo/span.js";

/** A span of a call that went well, but for what is said. */
export function span(changes: Partial<Span> = {}): Span {
  return {
    traceId: "trace",
    id: "1",
    parentId: "",
    kind: "server",
    name: "shop.orders.v1.OrdersService/PlaceOrder",
    service: "orders",
    process: "orders",
    startMs: 0,
    durationMs: 1,
    code: "OK",
    attempts: [],
    ...changes,
  };
}

export function attempt(instance: string, code = "OK", number = 1): Attempt {
  return { number, instance, code };
}
