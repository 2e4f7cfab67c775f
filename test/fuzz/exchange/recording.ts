import { readdirSync, readFileSync } from "node:fs";
import { Flag, preface, Type } from "../../support/http2/constants.js";
import { BlockReader } from "../../support/http2/hpack.js";
import { readFrames } from "../wire/raw-frame.js";

/** What two real peers said to each other on one connection. */
export interface Recording {
  readonly name: string;
  /** In order; the client's first begins with the preface. */
  readonly pieces: readonly Piece[];
  readonly client: Buffer;
  readonly server: Buffer;
  /** The paths of the client's calls, in the order of their streams. */
  readonly calls: readonly string[];
}

export interface Piece {
  readonly from: "client" | "server";
  readonly bytes: Buffer;
}

const folder = new URL("recordings/", import.meta.url);

/** Those in `recordings/`, by name. `record.ts` makes them. */
export function loadRecordings(): readonly Recording[] {
  return readdirSync(folder)
    .sort()
    .map((file) => parse(file.replace(/\.txt$/, ""), readFileSync(new URL(file, folder), "utf8")));
}

/** `> hex` for what the client said, `< hex` for what the server did. */
export function printPieces(pieces: readonly Piece[]): string {
  return pieces.map(({ from, bytes }) => `${from === "client" ? ">" : "<"} ${bytes.toString("hex")}\n`).join("");
}

function parse(name: string, text: string): Recording {
  const pieces = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line): Piece => ({ from: line[0] === ">" ? "client" : "server", bytes: Buffer.from(line.slice(2), "hex") }));
  const said = (by: Piece["from"]): Buffer =>
    Buffer.concat(pieces.filter(({ from }) => from === by).map(({ bytes }) => bytes));
  const client = said("client");
  return { name, pieces, client, server: said("server"), calls: callsIn(client) };
}

function callsIn(client: Buffer): readonly string[] {
  const reader = new BlockReader();
  const calls: string[] = [];
  let block: Buffer[] = [];
  for (const { type, flags, payload } of readFrames(client.subarray(preface.length)).frames) {
    if (type === Type.HEADERS) block = [payload.subarray((flags & Flag.PRIORITY) === 0 ? 0 : 5)];
    else if (type === Type.CONTINUATION) block.push(payload);
    else continue;
    if ((flags & Flag.END_HEADERS) === 0) continue;
    const path = reader.read(Buffer.concat(block)).find(([field]) => field === ":path");
    if (path !== undefined) calls.push(path[1]);
  }
  return calls;
}
