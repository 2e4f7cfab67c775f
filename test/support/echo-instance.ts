import type { Instance } from "../../src/contract/contract.js";
import { EchoServiceDefinition } from "./echo.js";

/** As a registry would tell of it: one that serves echo at `memory://<id>`, and is like any other. */
export function echoInstance(id: string, changes: Partial<Instance> = {}): Instance {
  return {
    id,
    service: "echo",
    version: "1.0.0",
    endpoints: [`memory://${id}`],
    contracts: [EchoServiceDefinition.fullName],
    metadata: {},
    weight: 100,
    zone: "",
    state: "serving",
    startedAt: new Date(0),
    ...changes,
  };
}
