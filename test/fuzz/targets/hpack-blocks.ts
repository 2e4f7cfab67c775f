import { HpackDecoder, HpackError } from "../../../src/transport/http2/hpack/hpack.js";
import { BlockReader } from "../../support/http2/hpack.js";
import type { Dice } from "../dice.js";
import { mutateBytes } from "../exchange/mutate.js";
import type { Input } from "../input.js";
import { promise, type Target } from "../target.js";
import { BlockWriter } from "../wire/any-block.js";

const names = [":path", "content-type", "grpc-status", "x-a", "x-b", "x-trace-bin", "te", ":authority"];
const values = ["/a.B/C", "application/grpc", "0", "", "a", "trailers", "\x00\xff~", "a value of its own"];
const maxListBytes = 400;

/**
 * Blocks in every representation there is, mutated: what our decoder takes, another takes too and reads the same of it, up
 * to the last block; what it does not take is an `HpackError`, behind which nothing is read.
 */
export const hpackBlocks: Target = {
  name: "hpack-blocks",
  share: 25,
  generate(dice) {
    const writer = new BlockWriter();
    const blocks = Array.from({ length: 1 + dice.small(6) }, () => writer.write(dice, anyFields(dice)));
    for (let times = dice.small(3); times > 0; times--) {
      const at = dice.int(blocks.length);
      blocks[at] = dice.chance(0.1) ? dice.bytes(dice.small(30)) : mutateBytes(dice, blocks[at] as Buffer);
    }
    return blocks;
  },
  check(input: Input) {
    const ours = new HpackDecoder({ maxListBytes });
    const other = new BlockReader();
    let tooLarge = false;
    for (const block of input) {
      if (typeof block === "string") continue;
      const read = decode(ours, block);
      if (read === undefined) return "HpackError";
      const expected = other.read(block).flat();
      tooLarge ||= read.tooLarge;
      const fields = expected.slice(0, read.fields.length);
      promise(read.tooLarge || read.fields.length === expected.length, "another decoder reads more, or less");
      promise(
        fields.every((text, at) => text === read.fields[at]),
        "another decoder reads something else",
      );
      const listBytes = expected.reduce((sum, text) => sum + text.length + 16, 0);
      promise(read.tooLarge === listBytes > maxListBytes, `fields of ${listBytes} bytes: too large ${read.tooLarge}`);
    }
    return tooLarge ? "read, too large" : "read";
  },
};

function decode(decoder: HpackDecoder, block: Buffer): { fields: readonly string[]; tooLarge: boolean } | undefined {
  const lent = Buffer.concat([Buffer.alloc(3, 0xff), block, Buffer.alloc(3, 0xff)]);
  try {
    const { known, rest, tooLarge } = decoder.decode(lent, 3, 3 + block.length);
    lent.fill(0xaa); // what was lent is not read again
    return { fields: [...known.fields, ...rest], tooLarge };
  } catch (error) {
    if (error instanceof HpackError) return undefined;
    throw error;
  }
}

function anyFields(dice: Dice): [string, string][] {
  return Array.from({ length: dice.small(8) }, () => [
    dice.chance(0.9) ? dice.pick(names) : dice.bytes(dice.small(6)).toString("latin1"),
    dice.chance(0.8) ? dice.pick(values) : dice.bytes(dice.small(20)).toString("latin1"),
  ]);
}
