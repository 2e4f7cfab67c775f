import { expect } from "vitest";
import { collect } from "../support/collect.js";
import type { Road } from "./road.js";

/** The cases of compression to the letter, for a server that compresses each response as its request says. */
export const serverCompresses: { readonly [name: string]: (road: Road) => Promise<void> } = {
  async server_compressed_unary({ client, responses }) {
    for (const value of [true, false]) {
      const { payload } = await client.unaryCall({
        responseCompressed: { value },
        responseSize: 314159,
        payload: { body: Buffer.alloc(271828) },
      });
      expect(payload?.body.equals(Buffer.alloc(314159))).toBe(true);
    }
    expect(responses() ?? [true, false]).toEqual([true, false]);
  },

  async server_compressed_streaming({ client, responses }) {
    const rows = await collect(
      client.streamingOutputCall({
        responseParameters: [
          { size: 31415, compressed: { value: true } },
          { size: 92653, compressed: { value: false } },
        ],
      }),
    );
    expect(rows.map(({ payload }) => payload?.body.length)).toEqual([31415, 92653]);
    expect(responses() ?? [true, false]).toEqual([true, false]);
  },
};
