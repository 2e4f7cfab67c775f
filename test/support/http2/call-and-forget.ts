import { createClient } from "../../../src/client/client.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { EchoServiceDefinition } from "../echo.js";

// A program that calls the server whose address it is given, says so and closes nothing. It awaits a call and no more.
const [, , target = ""] = process.argv;
const client = createClient(EchoServiceDefinition, { target, transport: http2Transport() });
await client.unary({});
await client.put({});
process.stdout.write("answered\n");
