import { defineApp } from "hawser";
import { accounts } from "./accounts.js";
import { billing } from "./billing.js";
import { bookings } from "./bookings.js";
import { front } from "./front.js";
import { rooms } from "./rooms.js";

export default defineApp({ name: "house", services: [front, bookings, billing, accounts, rooms] });
