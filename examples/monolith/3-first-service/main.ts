import type { AddressInfo } from "node:net";
import { defineApp, startApp } from "hawser";
import { RoomsServiceDefinition } from "../gen/house/rooms/v1/rooms.js";
import { createAccounts } from "./accounts.js";
import { createBilling } from "./billing.js";
import { createBookings } from "./bookings.js";
import { createFront } from "./front.js";
import { rooms as roomsService } from "./rooms.js";
import { Table } from "./table.js";

const app = await startApp(defineApp({ name: "house", services: [roomsService] }));

const folder = process.env.DATA ?? "data";
const rooms = app.client(RoomsServiceDefinition, "rooms");
const accounts = createAccounts(new Table(folder, "accounts"));
const billing = createBilling(new Table(folder, "ledger"), { accounts, rooms });
const bookings = createBookings(new Table(folder, "bookings"), { accounts, billing, rooms });
const front = createFront({ accounts, billing, bookings, rooms });

front.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${(front.address() as AddressInfo).port}`);
});
process.once("SIGTERM", () => front.close(() => app.close()));
