import { describe, expect, test } from "vitest";
import {
  type Call,
  ContextKey,
  ContextValues,
  currentCall,
  newInstanceId,
  runInCall,
} from "../../src/contract/contract.js";

describe("ContextValues", () => {
  const tenant = new ContextKey<string>("tenant", "nobody");

  test("gives the default until something is set, to this call alone", () => {
    const values = new ContextValues();
    expect(values.get(tenant)).toBe("nobody");
    values.set(tenant, "acme");
    expect(values.get(tenant)).toBe("acme");
    expect(new ContextValues().get(tenant)).toBe("nobody");
  });

  test("tells two keys of one name apart", () => {
    const other = new ContextKey<string>("tenant", "other");
    const values = new ContextValues();
    values.set(tenant, "acme");
    expect(values.get(other)).toBe("other");
  });

  test("takes undefined for a value like any other", () => {
    const maybe = new ContextKey<string | undefined>("maybe", "default");
    const values = new ContextValues();
    values.set(maybe, undefined);
    expect(values.get(maybe)).toBeUndefined();
  });
});

describe("currentCall", () => {
  const call = (name: string) => ({ name }) as unknown as Call;

  test("is the call whose handler runs, across every await, and nothing outside", async () => {
    const [one, other] = [call("one"), call("other")];
    expect(currentCall()).toBeUndefined();
    const seen = await Promise.all(
      [one, other].map((each) =>
        runInCall(each, async () => {
          await Promise.resolve();
          await new Promise((resolve) => setImmediate(resolve));
          return currentCall();
        }),
      ),
    );
    expect(seen).toEqual([one, other]);
    expect(currentCall()).toBeUndefined();
  });

  test("is the inner call while one handler runs inside another in the same process", () => {
    const [outer, inner] = [call("outer"), call("inner")];
    runInCall(outer, () => {
      expect(runInCall(inner, currentCall)).toBe(inner);
      expect(currentCall()).toBe(outer);
    });
  });

  test("lets what the handler throws fly", () => {
    expect(() =>
      runInCall(call("one"), () => {
        throw new Error("from the handler");
      }),
    ).toThrow("from the handler");
  });
});

describe("newInstanceId", () => {
  test("names the service, and is never the same twice", () => {
    const ids = Array.from({ length: 1000 }, () => newInstanceId("orders"));
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^orders-[0-9a-f]{12}$/);
  });
});
