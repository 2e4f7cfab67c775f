import { createServer, type IncomingMessage, type Server } from "node:http";
import { defineService, httpListener } from "hawser";
import { Code, ErrorInfo, RpcError } from "hawser/errors";
import { z } from "zod";
import { AccountsServiceDefinition } from "../gen/house/accounts/v1/accounts.js";
import { BillingServiceDefinition } from "../gen/house/billing/v1/billing.js";
import { BookingsServiceDefinition } from "../gen/house/bookings/v1/bookings.js";
import { RoomsServiceDefinition } from "../gen/house/rooms/v1/rooms.js";
import { BadInput, Input } from "./input.js";
import type { Module } from "./module.js";

export interface FrontNeeds {
  readonly accounts: Pick<Module<AccountsServiceDefinition>, "getAccount" | "openAccount">;
  readonly billing: Pick<Module<BillingServiceDefinition>, "listStatements">;
  readonly bookings: Module<BookingsServiceDefinition>;
  readonly rooms: Pick<Module<RoomsServiceDefinition>, "listRooms">;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export function createFront(needs: FrontNeeds): Server {
  return createServer(async (request, response) => {
    const { status, body } = await route(request, needs).catch(failed);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function route(request: IncomingMessage, { accounts, billing, bookings, rooms }: FrontNeeds): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://front");
  const [, resource, id = ""] = pathname.split("/");
  switch (`${request.method} /${resource}`) {
    case "GET /rooms":
      return { status: 200, body: (await rooms.listRooms({})).rooms };
    case "POST /accounts": {
      const input = await Input.of(request);
      const account = {
        id: input.text("id"),
        name: input.text("name"),
        creditCents: input.number("creditCents", 0, 1e6),
      };
      await accounts.openAccount(account);
      return { status: 201, body: account };
    }
    case "GET /accounts":
      return { status: 200, body: { id, ...(await accounts.getAccount({ id })) } };
    case "POST /bookings": {
      const input = await Input.of(request);
      const slot = { day: input.text("day", /^\d{4}-\d\d-\d\d$/), hour: input.number("hour", 8, 19) };
      const order = { account: input.text("account"), room: input.text("room"), ...slot };
      return { status: 201, body: { ...order, ...(await bookings.book(order)) } };
    }
    case "GET /bookings":
      return { status: 200, body: (await bookings.listBookings({ day: searchParams.get("day") ?? "" })).bookings };
    case "DELETE /bookings":
      await bookings.cancel({ id });
      return { status: 204 };
    case "GET /statements":
      return { status: 200, body: (await billing.listStatements({ month: id })).statements };
    default:
      return { status: 404, body: { error: "no such page" } };
  }
}

function failed(error: unknown): Answer {
  if (error instanceof BadInput) return { status: 400, body: { error: error.message } };
  const { code, message } = RpcError.from(error);
  if (code === Code.NOT_FOUND) return { status: 404, body: { error: message } };
  if (code === Code.ALREADY_EXISTS) return { status: 409, body: { error: message } };
  const info = RpcError.from(error).detail(ErrorInfo);
  if (info?.reason === "NOT_ENOUGH_CREDIT") {
    return { status: 402, body: { error: message, missingCents: Number(info.metadata["missing_cents"]) } };
  }
  console.error(error);
  return { status: 500, body: { error: "something went wrong" } };
}

export const front = defineService({
  name: "front",
  needs: {
    accounts: AccountsServiceDefinition,
    billing: BillingServiceDefinition,
    bookings: BookingsServiceDefinition,
    rooms: RoomsServiceDefinition,
  },
  config: z.object({ host: z.string().default("127.0.0.1"), port: z.number().default(8080) }),
  setup: ({ config, needs, listen }) => listen(httpListener(createFront(needs), config)),
});
