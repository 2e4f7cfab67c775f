import { createClient, defaultTransport } from "hawser";
import { GreeterServiceDefinition } from "./gen/greeter/v1/greeter.js";

const target = process.argv[2] ?? "grpc://127.0.0.1:50051";

const greeter = createClient(GreeterServiceDefinition, { target, transport: defaultTransport() });

const { text } = await greeter.sayHello({ name: "Ada" });
console.log(text);

await greeter.close();
