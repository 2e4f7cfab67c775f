import { describe, expect, it } from "vitest";
import { tellingTrace, traceTree } from "../../../examples/shop/demo/trace-tree.js";
import { attempt, span } from "./spans.js";

/** A call from storefront to orders, as both saw it. */
function trace(traceId: string, attempts = [attempt("orders-a")]) {
  return [
    span({ traceId, id: "1", service: "storefront" }),
    span({ traceId, id: "2", parentId: "1", kind: "client", service: "storefront", attempts }),
    span({ traceId, id: "3", parentId: "2", startMs: 2 }),
    span({
      traceId,
      id: "4",
      parentId: "1",
      startMs: 1,
      service: "storefront",
      name: "a.v1.A/Look",
      code: "NOT_FOUND",
    }),
  ];
}

describe("the trace that is shown", () => {
  const services = ["storefront", "orders"];

  it("is one in which a call was made again and came through", () => {
    const retried = trace("b", [attempt("orders-a", "UNAVAILABLE"), attempt("orders-b", "OK", 2)]);
    expect(tellingTrace([...trace("a"), ...retried, ...trace("c")], services)).toEqual(retried);
  });

  it("is any that came through all services, where none was made again", () => {
    expect(tellingTrace(trace("a"), services)).toEqual(trace("a"));
  });

  it("is never one of which a part was lost", () => {
    const torn = trace("a").filter(({ id }) => id !== "2");
    expect(tellingTrace(torn, services)).toBeUndefined();
    expect(tellingTrace(trace("a"), [...services, "inventory"])).toBeUndefined();
  });
});

describe("the tree of a trace", () => {
  it("shows who called whom, for how long, and every attempt where there were several", () => {
    const attempts = [attempt("orders-a", "UNAVAILABLE"), attempt("orders-b", "OK", 2)];
    expect(traceTree(trace("a", attempts)).split("\n")).toEqual([
      "storefront ● OrdersService/PlaceOrder        1.0 ms",
      "├─ storefront → OrdersService/PlaceOrder     1.0 ms  1. orders-a: UNAVAILABLE, 2. orders-b: OK",
      "│  └─ orders ● OrdersService/PlaceOrder      1.0 ms",
      "└─ storefront ● A/Look                       1.0 ms  NOT_FOUND",
    ]);
  });
});
