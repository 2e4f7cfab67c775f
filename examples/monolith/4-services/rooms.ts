import { defineService } from "hawser";
import { Code, RpcError } from "hawser/errors";
import { type Room, RoomsServiceDefinition } from "../gen/house/rooms/v1/rooms.js";
import type { Module } from "./module.js";

const catalog: Room[] = [
  { id: "blue", name: "Blue room", hourCents: 2400 },
  { id: "green", name: "Green room", hourCents: 3600 },
  { id: "hall", name: "The hall", hourCents: 12_000 },
];

export function createRooms(): Module<RoomsServiceDefinition> {
  return {
    async listRooms() {
      return { rooms: catalog };
    },

    async getRoom({ id }) {
      const room = catalog.find((each) => each.id === id);
      if (room === undefined) throw new RpcError(Code.NOT_FOUND, `no room "${id}"`);
      return room;
    },
  };
}

export const rooms = defineService({
  name: "rooms",
  contract: RoomsServiceDefinition,
  setup: createRooms,
});
