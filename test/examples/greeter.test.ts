import { describe, expect, it } from "vitest";
import { Program } from "./program.js";

describe("the greeter", () => {
  it("greets from one process to another", { timeout: 60_000 }, async () => {
    await using server = new Program("examples/greeter/server.ts", ["grpc://127.0.0.1:0"]);
    const [, address = ""] = await server.says(/listens at (\S+)\n/);
    await using client = new Program("examples/greeter/client.ts", [address]);

    expect(await client.ended).toBe(0);
    expect(client.stdout).toBe("Hello Ada\n");
  });
});
