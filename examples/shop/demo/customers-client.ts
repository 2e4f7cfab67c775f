import { createClient, defaultTransport, openRegistry, startTelemetry } from "hawser";
import type { ClosableClient } from "hawser/client";
import { clientTelemetry } from "hawser/telemetry";
import { StorefrontServiceDefinition } from "../gen/shop/storefront/v1/storefront.js";

export interface CustomersClient {
  readonly storefront: ClosableClient<StorefrontServiceDefinition>;
  /** Every span of this side has been exported then. */
  close(): Promise<void>;
}

/** What the customers call the storefront with: found in the registry, and traced. */
export async function openCustomersClient(registryUrl: string): Promise<CustomersClient> {
  const telemetry = await startTelemetry({ serviceName: "customers" });
  const registry = openRegistry(registryUrl);
  const { call, attempt } = clientTelemetry({ target: "storefront" });
  const storefront = createClient(StorefrontServiceDefinition, {
    registry,
    service: "storefront",
    transport: defaultTransport(),
    middleware: [call],
    attemptMiddleware: [attempt],
  });
  return {
    storefront,
    async close() {
      await storefront.close();
      await registry.close();
      await telemetry.close();
    },
  };
}
