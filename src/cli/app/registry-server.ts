import type { Closeable } from "../../contract/contract.js";
import { RegistryServiceDefinition } from "../../gen/hawser/registry/v1/registry.js";
import { registryHandlers } from "../../registry/hawser/hawser.js";
import { createServer } from "../../server/server.js";
import { advertised } from "../../service/advertised.js";
import { defaultTransport } from "../../service/open-transport.js";
import { parseAddress } from "../../transport/address.js";
import type { Address, Transport } from "../../transport/transport.js";
import { UsageError } from "../failure.js";
import { takenAddress } from "./taken-address.js";

export interface RegistryServer extends Closeable {
  readonly address: Address;
  /** What goes into `HAWSER_REGISTRY`. */
  readonly url: string;
}

/** Every stream has been told of the stop by then; what is left are single questions. */
const graceMs = 1000;

/**
 * A registry server in this process.
 *
 * @param address `host:port`; port 0 takes a free one
 * @param transport what it serves. Default: the one that `HAWSER_TRANSPORT` names
 * @throws UsageError for what is no address; Error where it is taken
 */
export async function startRegistryServer(
  address: string,
  transport: Transport = defaultTransport(),
): Promise<RegistryServer> {
  const closing = new AbortController();
  const server = createServer({ transport, address: grpcAddress(address) });
  server.add(RegistryServiceDefinition, registryHandlers({ signal: closing.signal }));
  try {
    await server.start();
  } catch (cause) {
    if (takenAddress(cause) === undefined) throw cause;
    const hint = "is a registry running there already? try: hawser list, or another --address";
    throw new Error(`${address} is taken; ${hint}`, { cause });
  }
  const close = async (): Promise<void> => {
    closing.abort();
    await server.close({ graceMs });
  };
  return {
    address: server.address,
    url: advertised(server.address).replace("grpc://", "hawser://"),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function grpcAddress(address: string): Address {
  try {
    return parseAddress(`grpc://${address}`) && `grpc://${address}`;
  } catch {
    throw new UsageError(`--address ${JSON.stringify(address)}: expected host:port, like 127.0.0.1:7400`);
  }
}
