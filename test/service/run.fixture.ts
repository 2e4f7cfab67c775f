import { createService } from "../../src/service/service.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

await createService({ name: "echo", drainMs: 50 }).add(EchoServiceDefinition, echo()).run();
console.log("ended by itself");
