/** An instance of its own process, to be killed: `node mortal.ts <id> <etcd>`. Says its id when it can be called. */

import { silentLogger } from "../../../src/contract/contract.js";
import { createService, grpcJsTransport } from "../../../src/index.js";
import { etcdRegistry } from "../../../src/registry/etcd/etcd.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { service, ttlMs } from "./stage.js";

const [id = "", etcd = ""] = process.argv.slice(2);
const registry = etcdRegistry({ hosts: etcd, ttlMs });
const mortal = createService({ name: service, id, registry, transport: grpcJsTransport(), logger: silentLogger });
await mortal.add(EchoServiceDefinition, echo()).start();
process.stdout.write(`${id}\n`);
