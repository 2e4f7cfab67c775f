import { describe, expect, it } from "vitest";
import { readSettings } from "../../../examples/shop/demo/settings.js";

describe("the settings of the demo", () => {
  it("have usual values", () => {
    expect(readSettings({})).toEqual({
      calls: 2000,
      concurrency: 32,
      registry: "hawser",
      keep: false,
      otlpEndpoint: undefined,
    });
  });

  it("come from the environment", () => {
    const env = {
      CALLS: "200",
      CONCURRENCY: "4",
      REGISTRY: "etcd",
      KEEP: "1",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://j",
    };
    expect(readSettings(env)).toEqual({
      calls: 200,
      concurrency: 4,
      registry: "etcd",
      keep: true,
      otlpEndpoint: "http://j",
    });
  });

  it.each([
    [{ CALLS: "nine" }, 'CALLS: expected a whole number from 10, was "nine"'],
    [{ CALLS: "9" }, 'CALLS: expected a whole number from 10, was "9"'],
    [{ CONCURRENCY: "0" }, 'CONCURRENCY: expected a whole number from 1, was "0"'],
    [{ REGISTRY: "consul" }, 'REGISTRY: expected hawser or etcd, was "consul"'],
  ])("that cannot be are refused: %o", (env, message) => {
    expect(() => readSettings(env)).toThrow(message);
  });
});
