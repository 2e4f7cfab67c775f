import { describe, expect, it } from "vitest";
import { advertised } from "../../src/service/advertised.js";

describe("the endpoint a service publishes", () => {
  it("is the address it listens on", () => {
    expect(advertised("grpc://127.0.0.1:50051")).toBe("grpc://127.0.0.1:50051");
    expect(advertised("memory://orders")).toBe("memory://orders");
  });

  it("is never the address of all interfaces, which nobody can call", () => {
    expect(advertised("grpc://0.0.0.0:50051")).not.toContain("0.0.0.0");
    expect(advertised("grpcs://[::]:50051")).toMatch(/^grpcs:\/\/.+:50051$/);
  });

  it("is what the operator says", () => {
    expect(advertised("grpc://0.0.0.0:50051", "orders.example")).toBe("grpc://orders.example:50051");
    expect(advertised("grpc://0.0.0.0:50051", "2001:db8::1")).toBe("grpc://[2001:db8::1]:50051");
  });
});
