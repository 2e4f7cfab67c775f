import { createServer, defaultTransport } from "hawser";
import { GreeterServiceDefinition } from "./gen/greeter/v1/greeter.js";

const address = process.argv[2] ?? "grpc://127.0.0.1:50051";

const server = createServer({ address, transport: defaultTransport() }).add(GreeterServiceDefinition, {
  sayHello: ({ name }) => ({ text: `Hello ${name}` }),
});

await server.start();
console.log(`the greeter listens at ${server.address}`);
