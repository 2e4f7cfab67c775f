import { Code } from "hawser/errors";
import { testApp } from "hawser/testing";
import { describe, expect, it } from "vitest";
import app from "../src/app.js";

describe("order-desk", () => {
  it("greets whoever gives a name", async () => {
    await using running = await testApp(app, { only: ["order-desk"] });
    expect(await running.client("order-desk").sayHello({ name: "Ada" })).toEqual({ text: "Hello Ada" });
  });

  it("greets as it is configured", async () => {
    await using running = await testApp(app, {
      only: ["order-desk"],
      config: { "order-desk": { greeting: "Ahoy" } },
    });
    expect(await running.client("order-desk").sayHello({ name: "Ada" })).toEqual({ text: "Ahoy Ada" });
  });

  it("refuses to greet nobody", async () => {
    await using running = await testApp(app, { only: ["order-desk"] });
    await expect(running.client("order-desk").sayHello({ name: "" })).rejects.toMatchObject({
      code: Code.INVALID_ARGUMENT,
    });
  });
});
