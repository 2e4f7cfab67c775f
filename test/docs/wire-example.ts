import { createServer } from "node:http";
import { defaultTransport, grpcJsTransport, http2Transport } from "../../src/index.js";

/** For `createService({ transport })`, `createServer`, `createClient`, and `remote: { transport }` of `startApp`. */
export const ours = http2Transport({ maxConnectionAgeMs: 600_000 });
export const theirs = grpcJsTransport({ keepaliveMs: 30_000 });
export const asTheVariableSays = defaultTransport();

const pages = createServer((_request, response) => response.end("gRPC lives here, too\n"));
pages.emit("listening"); // it never will: but only from then on Node holds requests to headersTimeout and requestTimeout
export const both = http2Transport({ onHttp1: (socket) => pages.emit("connection", socket) });
