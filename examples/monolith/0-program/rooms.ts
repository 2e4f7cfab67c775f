export interface Room {
  readonly id: string;
  readonly name: string;
  readonly hourCents: number;
}

const catalog: readonly Room[] = [
  { id: "blue", name: "Blue room", hourCents: 2400 },
  { id: "green", name: "Green room", hourCents: 3600 },
  { id: "hall", name: "The hall", hourCents: 12_000 },
];

export class UnknownRoom extends Error {}

export function listRooms(): readonly Room[] {
  return catalog;
}

export function findRoom(id: string): Room {
  const room = catalog.find((each) => each.id === id);
  if (room === undefined) throw new UnknownRoom(`no room "${id}"`);
  return room;
}
