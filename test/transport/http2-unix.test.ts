import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { http2Transport } from "../../src/transport/http2/http2.js";
import { transportSuite } from "../conformance/transport.js";

const folder = mkdtempSync(join(tmpdir(), "hawser-"));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;

transportSuite({
  name: "http2 (unix)",
  make: (options) => ({
    transport: http2Transport(options),
    address: `grpc+unix://${join(folder, `${++made}.sock`)}`,
  }),
  capabilities: { sockets: false },
  skip: { "a handler sees where its caller is": "who comes by a unix socket has no address" },
});
