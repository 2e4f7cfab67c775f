import { type Room, type Rooms, UnknownRoom } from "./house.js";

const catalog: readonly Room[] = [
  { id: "blue", name: "Blue room", hourCents: 2400 },
  { id: "green", name: "Green room", hourCents: 3600 },
  { id: "hall", name: "The hall", hourCents: 12_000 },
];

export function createRooms(): Rooms {
  return {
    async list() {
      return catalog;
    },

    async find(id) {
      const room = catalog.find((each) => each.id === id);
      if (room === undefined) throw new UnknownRoom(`no room "${id}"`);
      return room;
    },
  };
}
