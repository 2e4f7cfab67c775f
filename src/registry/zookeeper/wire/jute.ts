/** Writes one frame of ZooKeeper's encoding, jute: big-endian, strings and buffers after their length. */
export class JuteWriter {
  readonly #parts: Buffer[] = [Buffer.alloc(4)];
  #length = 0;

  int(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    return this.#add(part);
  }

  long(value: bigint): this {
    const part = Buffer.alloc(8);
    part.writeBigInt64BE(value);
    return this.#add(part);
  }

  bool(value: boolean): this {
    return this.#add(Buffer.of(value ? 1 : 0));
  }

  buffer(value: Buffer): this {
    return this.int(value.length).#add(value);
  }

  string(value: string): this {
    return this.buffer(Buffer.from(value));
  }

  /** The frame, its length before it. */
  frame(): Buffer {
    this.#parts[0]?.writeInt32BE(this.#length);
    return Buffer.concat(this.#parts);
  }

  #add(part: Buffer): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

/** Reads one frame, without the length before it. @throws RangeError where the frame is shorter than what it says */
export class JuteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  long(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64BE(this.#at - 8);
  }

  bool(): boolean {
    this.#at += 1;
    return this.#bytes.readInt8(this.#at - 1) !== 0;
  }

  /** A length of -1 stands for none, which is read as an empty one. */
  buffer(): Buffer {
    const length = Math.max(0, this.int());
    if (length > this.#bytes.length - this.#at) throw new RangeError(`${length} bytes in a frame that has fewer left`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  string(): string {
    return this.buffer().toString();
  }

  strings(): readonly string[] {
    const count = this.int();
    const strings: string[] = [];
    while (strings.length < count) strings.push(this.string());
    return strings;
  }
}

const largestFrame = 64 * 1024 * 1024;

/** Cuts what comes out of a socket into frames. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #length = 0;

  /** @returns every frame that is complete now. @throws RangeError for a length that no frame has */
  push(chunk: Buffer): readonly Buffer[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames: Buffer[] = [];
    for (let size = this.#next(); this.#length >= size; size = this.#next()) frames.push(this.#take(size).subarray(4));
    return frames;
  }

  /** How long the next frame is, with the length before it. */
  #next(): number {
    if (this.#length < 4) return 4 + largestFrame;
    if ((this.#chunks[0] as Buffer).length < 4) this.#chunks = [Buffer.concat(this.#chunks)];
    const size = (this.#chunks[0] as Buffer).readInt32BE();
    if (size < 0 || size > largestFrame) throw new RangeError(`a frame of ${size} bytes`);
    return 4 + size;
  }

  #take(size: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#length -= size;
    this.#chunks = this.#length === 0 ? [] : [all.subarray(size)];
    return all.subarray(0, size);
  }
}
