import { Code, RpcError } from "hawser/errors";
import type { AccountsServiceDefinition } from "./gen/house/accounts/v1/accounts.js";
import type { BillingServiceDefinition } from "./gen/house/billing/v1/billing.js";
import type { Booking } from "./gen/house/bookings/v1/bookings.js";
import type { Module } from "./module.js";
import type { Table } from "./table.js";

/** What the book knows of a booking. */
export interface BookingRow extends Booking {
  /** Its price is still to be taken, or to be given back. */
  readonly unsettled?: boolean;
  readonly cancelled?: boolean;
}

export interface SettlementNeeds {
  readonly accounts: Pick<Module<AccountsServiceDefinition>, "charge" | "refund">;
  readonly billing: Pick<Module<BillingServiceDefinition>, "record">;
}

/** Moves the money of bookings, and tells billing. Each step can be repeated, so whoever finds one half done goes on. */
export class Settlement {
  readonly #bookings: Table<BookingRow>;
  readonly #needs: SettlementNeeds;

  constructor(bookings: Table<BookingRow>, needs: SettlementNeeds) {
    this.#bookings = bookings;
    this.#needs = needs;
  }

  async settle(row: BookingRow): Promise<void> {
    if (!row.unsettled) return;
    const { id, account, room, day, hour, priceCents } = row;
    if (row.cancelled) {
      const movementId = `${id}-cancelled`;
      await this.#needs.accounts.refund({ account, cents: priceCents, movementId });
      await this.#needs.billing.record({ id: movementId, account, room, day, hour, cents: -priceCents });
    } else {
      await this.#charge(row);
      await this.#needs.billing.record({ id, account, room, day, hour, cents: priceCents });
    }
    if (this.#isCurrent(row)) this.#bookings.put({ ...row, unsettled: false });
  }

  /** All that is half done, after a crash for instance. */
  async settleAll(failed: (row: BookingRow, error: unknown) => void): Promise<void> {
    for (const row of this.#bookings.all()) await this.settle(row).catch((error) => failed(row, error));
  }

  /** A clear no frees the room. After any other failure nobody knows what was done: the booking stays, to be settled later. */
  async #charge(row: BookingRow): Promise<void> {
    const { id, account, priceCents } = row;
    try {
      await this.#needs.accounts.charge({ account, cents: priceCents, movementId: id });
    } catch (error) {
      const { code } = RpcError.from(error);
      const refused = code === Code.NOT_FOUND || code === Code.FAILED_PRECONDITION;
      if (refused && this.#isCurrent(row)) this.#bookings.delete(id);
      throw error;
    }
  }

  /** Whether nobody else has changed it while a call was under way. */
  #isCurrent(row: BookingRow): boolean {
    return this.#bookings.get(row.id) === row;
  }
}
