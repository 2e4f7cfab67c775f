import { StorefrontServiceDefinition } from "../../../examples/shop/gen/shop/storefront/v1/storefront.js";
import { createClient, grpcJsTransport, openRegistry } from "../../../src/index.js";
import { systemRandom } from "../../../src/time/time.js";
import { Callers } from "../callers.js";

/** Callers who ask the storefront for prices: three services deep, and safe to repeat. */
export class ShopCallers extends Callers {
  readonly #close: () => Promise<void>;

  constructor(registryUrl: string, count = 100) {
    const registry = openRegistry(registryUrl);
    const transport = grpcJsTransport();
    const client = createClient(StorefrontServiceDefinition, { registry, service: "storefront", transport });
    const quote = async (): Promise<void> => {
      const { totalCents } = await client.quote({ items: [{ sku: "teapot", quantity: 1 }] });
      if (totalCents !== 4900) throw new Error(`a wrong answer: ${totalCents}`);
    };
    super(quote, { count, thinkMs: 100, random: systemRandom });
    this.#close = async () => {
      await client.close();
      await registry.close();
    };
  }

  override async stop(): Promise<void> {
    await super.stop();
    await this.#close();
  }
}
