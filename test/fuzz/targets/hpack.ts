import {
  type Fields,
  type FieldTemplate,
  HpackDecoder,
  HpackEncoder,
  sensitiveFields,
} from "../../../src/transport/http2/hpack/hpack.js";
import { BlockReader } from "../../support/http2/hpack.js";
import { Choices } from "../choices.js";
import { bytesOf } from "../input.js";
import { promise, type Target } from "../target.js";

const names = [
  ":status",
  ":path",
  "content-type",
  "grpc-status",
  "authorization",
  "x-a",
  "x-b",
  "x-trace-bin",
  "cookie",
];
const values = ["200", "/a.B/C", "application/grpc", "0", "a", "", "Bearer abc", "value of some length, with spaces"];
const tableBytes = [0, 1, 31, 32, 64, 100, 200, 400, 4095, 4096, 4097, 65_536];

/** What our encoder writes, a decoder reads: ours, and one that knows nothing of ours. */
export const hpack: Target = {
  name: "hpack",
  share: 10,
  generate: (dice) => [dice.bytes(20 + dice.small(500))],
  check(input) {
    const choices = new Choices(bytesOf(input));
    const maxTableBytes = choices.pick(tableBytes.slice(4));
    const encoder = new HpackEncoder({ maxTableBytes, sensitive: sensitiveFields(["x-b"]) });
    const decoder = new HpackDecoder({ maxListBytes: 1e6 });
    const other = new BlockReader();
    const templates = Array.from({ length: 3 }, () => encoder.template(anyFields(choices)));
    let blocks = 0;
    while (choices.left > 0) {
      if (choices.byte() < 40) encoder.setMaxTableBytes(Math.min(4096, choices.pick(tableBytes)));
      else blocks += roundTrips(encoder, decoder, other, choices.pick(templates), anyFields(choices), choices.byte());
    }
    return blocks === 0 ? "nothing" : "read back";
  },
};

/** The same fields once more, or a few times: that is what tables are for. */
function roundTrips(
  encoder: HpackEncoder,
  decoder: HpackDecoder,
  other: BlockReader,
  template: FieldTemplate,
  extra: Fields,
  byte: number,
): number {
  const times = byte < 250 ? 1 + (byte % 3) : 60 * (byte - 248);
  const expected = [...template.fields, ...extra];
  for (let time = 0; time < times; time++) {
    const target = Buffer.alloc(encoder.bound(template, extra) + 8, 0xee);
    const end = encoder.encode(template, extra, target, 4);
    promise(end <= target.length - 4, "a block is longer than its bound");
    promise(
      target.readUInt32BE(0) === 0xeeeeeeee && target.subarray(end).every((each) => each === 0xee),
      "written beside it",
    );
    const block = decoder.decode(target, 4, end);
    same([...block.known.fields, ...block.rest], expected, "our decoder");
    same(other.read(target.subarray(4, end)).flat(), expected, "another decoder");
  }
  return times;
}

function anyFields(choices: Choices): Fields {
  const fields: string[] = [];
  for (let count = choices.byte() % 6; count > 0; count--) {
    const way = choices.byte();
    fields.push(way < 200 ? choices.pick(names) : `x-${choices.text().toLowerCase()}`);
    fields.push(way % 4 > 0 ? choices.pick(values) : choices.text());
  }
  return fields;
}

function same(read: readonly string[], expected: Fields, who: string): void {
  const alike = read.length === expected.length && read.every((text, at) => text === expected[at]);
  promise(alike, `${who} reads something else than was written`);
}
