import { expect } from "vitest";
import { type ErrorName, errorName } from "./constants.js";
import type { RawPeer } from "./raw-peer.js";
import { isGoaway, isReset } from "./received.js";
import { expectCall, type Siege } from "./siege.js";

/** The whole connection ends: GOAWAY with the code, a text that tells people why, and the socket is closed (RFC 9113 §5.4.1). */
export async function expectConnectionError(
  siege: Siege,
  attacker: RawPeer,
  code: ErrorName,
  text: RegExp = /./,
): Promise<void> {
  const goaway = await attacker.next(isGoaway);
  expect({ code: errorName(goaway.code), text: goaway.text }).toEqual({ code, text: expect.stringMatching(text) });
  await attacker.closed;
  await siege.expectUntouched();
}

/** One stream ends: RST_STREAM with the code, and the connection carries further calls (RFC 9113 §5.4.2). */
export async function expectStreamError(siege: Siege, attacker: RawPeer, id: number, code: ErrorName): Promise<void> {
  const reset = await attacker.next((frame) => isReset(id)(frame) || isGoaway(frame));
  expect({ kind: reset.kind, code: errorName((reset as { code: number }).code) }).toEqual({ kind: "reset", code });
  await expectCall(attacker);
  await siege.expectUntouched();
}

/** What was said changes nothing: the connection carries further calls, and nobody was told off. */
export async function expectIgnored(siege: Siege, attacker: RawPeer): Promise<void> {
  await expectCall(attacker);
  expect(attacker.received.filter((frame) => isGoaway(frame) || isReset()(frame))).toEqual([]);
  await siege.expectUntouched();
}
