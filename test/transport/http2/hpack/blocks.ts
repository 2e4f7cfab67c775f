import {
  type Fields,
  type FieldTemplate,
  type HeaderBlock,
  HpackDecoder,
  type HpackEncoder,
} from "../../../../src/transport/http2/hpack/hpack.js";

/** The bytes of a hex dump. */
export function hex(dump: string): Buffer {
  return Buffer.from(dump.replaceAll(/\s/g, ""), "hex");
}

export function decoder(maxListBytes = 65_536): HpackDecoder {
  return new HpackDecoder({ maxListBytes });
}

/** Decodes a block that stands in the middle of other bytes. */
export function decode(decoder: HpackDecoder, block: Uint8Array): HeaderBlock {
  const bytes = Buffer.concat([Buffer.from([0x82, 0xff]), block, Buffer.from([0x82, 0xff])]);
  return decoder.decode(bytes, 2, 2 + block.length);
}

export function fieldsOf({ known, rest }: HeaderBlock): Fields {
  return [...known.fields, ...rest];
}

/** Encodes a block into the middle of a buffer that has exactly as much room as was asked for. */
export function encode(encoder: HpackEncoder, template: FieldTemplate, extra: Fields = []): Buffer {
  const bound = encoder.bound(template, extra);
  const target = Buffer.alloc(bound + 10, 0xee);
  const end = encoder.encode(template, extra, target.subarray(0, bound + 5), 5);
  if (end > bound + 5) throw new Error(`a block of ${end - 5} bytes: bound() said ${bound}`);
  return target.subarray(5, end);
}
