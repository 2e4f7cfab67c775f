import type { Sending } from "../flow-control/sending.js";
import { defaultMaxFrameBytes, Flag, FrameType, frameHeaderBytes, putFrameHeader } from "../frames/frames.js";
import { type Fields, type FieldTemplate, HpackEncoder } from "../hpack/hpack.js";
import type { Outbox } from "../outbox.js";

/** Encodes header fields and cuts them: one frame where they fit, else HEADERS and as many CONTINUATION frames as it takes. */
export class HeaderWriter {
  readonly #outbox: Outbox;
  readonly #sending: Sending;
  readonly #encoder: HpackEncoder;
  #templates: Map<unknown, FieldTemplate> | undefined;

  /** @param sensitive names of fields whose values never enter a table */
  constructor(outbox: Outbox, sending: Sending, sensitive: ReadonlySet<string>) {
    this.#outbox = outbox;
    this.#sending = sending;
    this.#encoder = new HpackEncoder({ sensitive });
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setMaxTableBytes(bytes: number): void {
    this.#encoder.setMaxTableBytes(bytes);
  }

  /** Fields that are sent again and again; made once for a key. */
  template(key: unknown, fields: () => Fields): FieldTemplate {
    this.#templates ??= new Map();
    let template = this.#templates.get(key);
    if (template === undefined) {
      template = this.#encoder.template(fields());
      this.#templates.set(key, template);
    }
    return template;
  }

  write(streamId: number, template: FieldTemplate, fields: Fields, endStream: boolean): void {
    this.#sending.spoke = true;
    const outbox = this.#outbox;
    const encoder = this.#encoder;
    const bound = encoder.bound(template, fields);
    const flags = endStream ? Flag.END_STREAM : 0;
    if (bound > defaultMaxFrameBytes) {
      this.#writeInParts(encodeAside(encoder, template, fields, bound), streamId, flags);
      return;
    }
    const at = outbox.reserve(frameHeaderBytes + bound);
    const end = encoder.encode(template, fields, outbox.bytes, at + frameHeaderBytes);
    const length = end - at - frameHeaderBytes;
    putFrameHeader(outbox.bytes, at, length, FrameType.HEADERS, flags | Flag.END_HEADERS, streamId);
    outbox.commit(end);
  }

  #writeInParts(block: Buffer, streamId: number, flags: number): void {
    const outbox = this.#outbox;
    const { maxFrameBytes } = this.#sending;
    for (let from = 0; from === 0 || from < block.length; from += maxFrameBytes) {
      const part = block.subarray(from, from + maxFrameBytes);
      const last = from + part.length === block.length ? Flag.END_HEADERS : 0;
      const at = outbox.reserve(frameHeaderBytes + part.length);
      const type = from === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
      const payload = putFrameHeader(outbox.bytes, at, part.length, type, (from === 0 ? flags : 0) | last, streamId);
      outbox.commit(payload + part.copy(outbox.bytes, payload));
    }
  }
}

function encodeAside(encoder: HpackEncoder, template: FieldTemplate, fields: Fields, bound: number): Buffer {
  const block = Buffer.allocUnsafe(bound);
  return block.subarray(0, encoder.encode(template, fields, block, 0));
}
