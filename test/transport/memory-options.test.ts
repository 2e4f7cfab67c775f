import { describe, expect, test } from "vitest";
import { memoryTransport } from "../../src/transport/memory/memory.js";

describe("memoryTransport()", () => {
  test("a limit that is none is refused by name", () => {
    for (const value of [0, -1, Number.NaN]) {
      expect(() => memoryTransport({ maxReceiveBytes: value })).toThrow(
        `maxReceiveBytes: must be positive, was ${value}`,
      );
    }
  });

  test("it says its name and where it goes, and goes nowhere else", () => {
    const transport = memoryTransport();
    expect(transport).toMatchObject({ name: "memory", schemes: ["memory"] });
    expect(() => transport.connect("grpc://127.0.0.1:1")).toThrow(
      'address "grpc://127.0.0.1:1": this transport serves memory://<name>',
    );
  });

  test("each is a network of its own", async () => {
    const [here, there] = [memoryTransport(), memoryTransport()];
    const router = { methods: new Map(), invoke: () => Promise.reject(new Error("nobody calls")) };
    const listener = await here.listen("memory://orders", router);
    expect(here.connect("memory://orders").state).toBe("ready");
    expect(there.connect("memory://orders").state).toBe("broken");
    await listener.close();
  });
});
