import { describe, expect, test } from "vitest";
import {
  cutStatusMessage,
  decodeStatusMessage,
  encodeStatusMessage,
} from "../../../src/transport/grpc/status-message.js";

describe("a text that came", () => {
  test.each(["plain", "à la carte ☺", "100 % of %41 and %zz", "", " at both ends "])("is what was sent: %j", (text) => {
    expect(decodeStatusMessage(encodeStatusMessage(text))).toBe(text);
  });

  test.each(["à la carte ☺", "à la carte, 5 % ☺"])("may be UTF-8 that nobody has encoded: %j", (text) => {
    expect(decodeStatusMessage(Buffer.from(text).toString("latin1"))).toBe(text);
  });
});

describe("a text that is cut", () => {
  const text = "a ☺ b 😈 100 % é";
  const encoded = encodeStatusMessage(text);

  test("is the same where it fits", () => {
    expect(cutStatusMessage(encoded, encoded.length)).toBe(encoded);
  });

  test("is a beginning of it and an ellipsis, and no character is cut in two", () => {
    for (let length = 10; length < encoded.length; length++) {
      const cut = cutStatusMessage(encoded, length);
      expect(cut.length).toBeLessThanOrEqual(length);
      const decoded = decodeStatusMessage(cut);
      expect(decoded).toMatch(/…$/);
      expect(text.startsWith(decoded.slice(0, -1))).toBe(true);
    }
  });

  test("is nothing where there is no room for anything", () => {
    expect(cutStatusMessage(encoded, 9)).toBe("");
    expect(cutStatusMessage(encoded, -40)).toBe("");
  });
});
