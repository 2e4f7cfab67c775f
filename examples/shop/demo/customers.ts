import { type Client, Code, RpcError } from "hawser";
import type { CartItem, CollectResponse, StorefrontServiceDefinition } from "../gen/shop/storefront/v1/storefront.js";

export interface Purchase {
  readonly orderId: string;
  readonly customer: string;
  readonly items: readonly CartItem[];
}

export interface CustomersOptions {
  readonly storefront: Client<StorefrontServiceDefinition>;
  /** How many calls all of them make together. */
  readonly calls: number;
  /** How many are in the shop at once. */
  readonly concurrency: number;
  /** Nobody comes any more, and calls that end later do not count. */
  readonly signal?: AbortSignal;
  /** After every call: how many have been made. */
  readonly onCall?: (made: number) => void;
}

/** A visit: ask for the price, buy, collect. */
const callsOfVisit = 3;
/** How often a customer looks at the screen until it has told everything. */
const looks = 3;
const names = ["ada", "boris", "chen", "dolores", "emil"];

/** Real customers: each asks what the cart costs, buys it, and waits at the counter; and each checks every answer. */
export class Customers {
  /** Calls that have ended, and those of them that failed. */
  made = 0;
  failed = 0;
  /** What went wrong, the first few times. */
  readonly complaints: string[] = [];
  readonly purchases: Purchase[] = [];
  readonly #options: CustomersOptions;
  readonly #visits: number;

  constructor(options: CustomersOptions) {
    this.#options = options;
    this.#visits = Math.ceil(options.calls / callsOfVisit);
  }

  /**
   * Lets the customers come, a few at a time.
   *
   * @param from share of the customers, from 0 to 1
   * @param to share of the customers, up to which they come
   */
  async come(from: number, to: number): Promise<void> {
    let visit = Math.floor(from * this.#visits);
    const last = Math.floor(to * this.#visits);
    const one = async (): Promise<void> => {
      while (visit < last && !this.#options.signal?.aborted) await this.#visit(visit++);
    };
    await Promise.all(Array.from({ length: this.#options.concurrency }, one));
  }

  async #visit(number: number): Promise<void> {
    const { storefront, calls } = this.#options;
    const customer = names[number % names.length] as string;
    const items = cart(number);
    const cartId = `cart-${number}`;
    const steps = [
      async () => {
        const { totalCents, available } = await storefront.quote({ items });
        expect(totalCents === priceOf(items) && available, `a quote of ${totalCents} cents`);
      },
      async () => {
        const { orderId, totalCents } = await storefront.buy({ cartId, customer, items });
        this.purchases.push({ orderId, customer, items });
        expect(totalCents === priceOf(items), `a bill of ${totalCents} cents`);
      },
      async () => {
        const screen = await this.#screen(cartId);
        expect(screen.length === items.length + 2 && screen.at(-1)!.ready, `${screen.length} lines on the screen`);
      },
    ];
    for (const step of steps.slice(0, calls - number * callsOfVisit)) await this.#call(step);
  }

  /** All that it shows. Once an answer has begun only its reader can ask for it again: of an instance that dies, another. */
  async #screen(orderId: string): Promise<readonly CollectResponse[]> {
    for (let look = 1; ; look++) {
      const lines: CollectResponse[] = [];
      try {
        for await (const line of this.#options.storefront.collect({ orderId })) lines.push(line);
        return lines;
      } catch (reason) {
        const dark = lines.length > 0 && reason instanceof RpcError && reason.code === Code.UNAVAILABLE;
        if (!dark || look === looks) throw reason;
      }
    }
  }

  async #call(step: () => Promise<void>): Promise<void> {
    const complaint = await step().then(
      () => undefined,
      (reason: unknown) => String(reason),
    );
    if (this.#options.signal?.aborted) return;
    if (complaint !== undefined) {
      this.failed++;
      if (this.complaints.length < 5) this.complaints.push(complaint);
    }
    this.made++;
    this.#options.onCall?.(this.made);
  }
}

const priceList = { teapot: 4900, cup: 1250, "green-tea": 890 } as const;

/** One article or two, always others. */
function cart(visit: number): readonly CartItem[] {
  const quantity = 1 + (visit % 3);
  const tea = { sku: "green-tea", quantity };
  if (visit % 2 === 0) return [tea];
  return [tea, visit % 4 === 1 ? { sku: "teapot", quantity: 1 } : { sku: "cup", quantity: 2 * quantity }];
}

function priceOf(items: readonly CartItem[]): number {
  return items.reduce((sum, { sku, quantity }) => sum + priceList[sku as keyof typeof priceList] * quantity, 0);
}

function expect(right: boolean, what: string): void {
  if (!right) throw new Error(`a wrong answer: ${what}`);
}
