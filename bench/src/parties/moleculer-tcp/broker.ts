import { ServiceBroker } from "moleculer";
import { maxMessageBytes } from "../../echo.js";

/** A node on Moleculer's own TCP transporter, without UDP discovery: whom to know is in `urls`. */
export function createBroker(nodeID: string, urls: readonly string[]): ServiceBroker {
  return new ServiceBroker({
    nodeID,
    namespace: "bench",
    logLevel: "error",
    transporter: { type: "TCP", options: { udpDiscovery: false, urls, maxPacketSize: 2 * maxMessageBytes } },
  });
}
