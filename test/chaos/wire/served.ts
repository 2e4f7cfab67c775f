/** What is called, a process of its own: `node served.ts <address> [<max age of a connection in ms>]`. Says so when it listens. */
import { createServer } from "../../../src/index.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { tls } from "../../support/tls/certificates.js";
import { chosenTransport } from "./transport.js";

const [address = "", maxConnectionAgeMs = "Infinity"] = process.argv.slice(2);
const transport = chosenTransport({ tls }, Number(maxConnectionAgeMs));

/** How often each request came that nobody may make twice. */
const seen = new Map<string, number>();

const server = createServer({ transport, address }).add(
  EchoServiceDefinition,
  echo({
    unary({ text, payload }) {
      const requests = (seen.get(text) ?? 0) + 1;
      seen.set(text, requests);
      return { text, payload, requests };
    },
  }),
);
await server.start();
process.stdout.write("listening\n");
process.once("SIGTERM", () => void server.close().then(() => process.exit()));
