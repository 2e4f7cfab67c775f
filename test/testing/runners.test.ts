import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const fixture = fileURLToPath(new URL("./node-test.fixture.ts", import.meta.url));

it("works under node:test too, and leaves nothing that keeps the process from its end", async () => {
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "--test", fixture], { env });
  expect(stdout).toMatch(/pass 1\b/);
});
