import { createServer, type IncomingMessage, type Server } from "node:http";
import {
  AccountExists,
  type Accounts,
  type Billing,
  type Bookings,
  NotEnoughCredit,
  type Rooms,
  RoomTaken,
  UnknownAccount,
  UnknownBooking,
  UnknownRoom,
} from "./house.js";
import { BadInput, Input } from "./input.js";

export interface FrontNeeds {
  readonly accounts: Accounts;
  readonly billing: Billing;
  readonly bookings: Bookings;
  readonly rooms: Rooms;
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
      return { status: 200, body: await rooms.list() };
    case "POST /accounts": {
      const input = await Input.of(request);
      const account = {
        id: input.text("id"),
        name: input.text("name"),
        creditCents: input.number("creditCents", 0, 1e6),
      };
      return { status: 201, body: await accounts.open(account) };
    }
    case "GET /accounts":
      return { status: 200, body: await accounts.find(id) };
    case "POST /bookings": {
      const input = await Input.of(request);
      const slot = { day: input.text("day", /^\d{4}-\d\d-\d\d$/), hour: input.number("hour", 8, 19) };
      return {
        status: 201,
        body: await bookings.book({ account: input.text("account"), room: input.text("room"), ...slot }),
      };
    }
    case "GET /bookings":
      return { status: 200, body: await bookings.list(searchParams.get("day") ?? "") };
    case "DELETE /bookings":
      await bookings.cancel(id);
      return { status: 204 };
    case "GET /statements":
      return { status: 200, body: await billing.statements(id) };
    default:
      return { status: 404, body: { error: "no such page" } };
  }
}

function failed(error: unknown): Answer {
  if (error instanceof BadInput) return { status: 400, body: { error: error.message } };
  if (error instanceof UnknownRoom || error instanceof UnknownAccount || error instanceof UnknownBooking) {
    return { status: 404, body: { error: error.message } };
  }
  if (error instanceof RoomTaken || error instanceof AccountExists) {
    return { status: 409, body: { error: error.message } };
  }
  if (error instanceof NotEnoughCredit) {
    return { status: 402, body: { error: error.message, missingCents: error.missingCents } };
  }
  console.error(error);
  return { status: 500, body: { error: "something went wrong" } };
}
