import type { Target } from "../target.js";
import { client } from "./client.js";
import { frames } from "./frames.js";
import { hpack } from "./hpack.js";
import { hpackBlocks } from "./hpack-blocks.js";
import { messages } from "./messages.js";
import { peersTarget } from "./peers.js";
import { server } from "./server.js";
import { verdicts } from "./verdicts.js";

export const targets: readonly Target[] = [frames, hpack, hpackBlocks, messages, server, client, verdicts, peersTarget];

/** @throws TypeError where there is none of the name */
export function targetNamed(name: string): Target {
  const target = targets.find((each) => each.name === name);
  if (target !== undefined) return target;
  throw new TypeError(`no target "${name}"; expected ${targets.map((each) => each.name).join(", ")}`);
}
