/** Text; bytes for keys that end in `-bin`. */
export type MetadataValue = string | Uint8Array;
type ValueOf<Key extends string> = Key extends `${string}-bin` ? Uint8Array : string;

export type MetadataInit =
  | Metadata
  | Iterable<readonly [string, MetadataValue]>
  | { readonly [key: string]: MetadataValue | readonly MetadataValue[] };

const legalKey = /^[0-9a-z_.-]+$/;
const legalText = /^[ -~]*$/;

/** Header fields with a meaning of their own on the way: they would not arrive. */
export const namesOfHttp: ReadonlySet<string> = new Set([
  "te",
  "content-type",
  "user-agent",
  "content-length",
  "accept-encoding",
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "host",
  "date",
]);

/** Keys that have been found legal, in lower case: the same few come with every call. */
const checkedKeys = new Map<string, string>();
const mostCheckedKeys = 1000;

function checkKey(key: string): string {
  const known = checkedKeys.get(key);
  if (known !== undefined) return known;
  const checked = checkNewKey(key);
  if (checkedKeys.size < mostCheckedKeys) checkedKeys.set(key, checked);
  return checked;
}

function checkNewKey(key: string): string {
  const lower = key.toLowerCase();
  if (!legalKey.test(lower)) {
    throw new TypeError(`metadata key ${JSON.stringify(key)}: only letters, digits, "_", "-" and "." are allowed`);
  }
  if (lower.startsWith("grpc-"))
    throw new TypeError(`metadata key "${lower}": names in "grpc-" belong to the transport`);
  if (namesOfHttp.has(lower))
    throw new TypeError(`metadata key "${lower}": the name belongs to HTTP; take another, e.g. "x-${lower}"`);
  return lower;
}

function checkValue(key: string, value: MetadataValue): MetadataValue {
  if (key.endsWith("-bin")) {
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`metadata "${key}": a key that ends in "-bin" carries a Uint8Array, not ${typeof value}`);
  }
  if (typeof value !== "string") {
    throw new TypeError(`metadata "${key}": the value must be a string; bytes need a key that ends in "-bin"`);
  }
  if (!legalText.test(value)) {
    throw new TypeError(
      `metadata "${key}": only printable ASCII is allowed; other text goes as bytes under "${key}-bin"`,
    );
  }
  return value;
}

/**
 * What travels beside a message: text by lower-case key, several values a key, bytes under keys that end in `-bin`.
 * `grpc-` names and those of HTTP are the transport's own and never appear here.
 */
export class Metadata implements Iterable<[string, MetadataValue]> {
  #values: Map<string, MetadataValue[]> | undefined;
  #load: (() => Iterable<readonly [string, MetadataValue]>) | undefined;

  /** @throws TypeError for a key or value gRPC does not allow */
  constructor(init?: MetadataInit) {
    if (init === undefined) return;
    const entries = Symbol.iterator in init ? init : Object.entries(init);
    for (const [key, value] of entries as Iterable<readonly [string, MetadataValue | readonly MetadataValue[]]>) {
      if (Array.isArray(value)) for (const each of value) this.append(key, each as MetadataValue);
      else this.append(key, value as MetadataValue);
    }
  }

  /** Metadata read off the wire when somebody first asks for it; entries are taken as they are. */
  static lazy(load: () => Iterable<readonly [string, MetadataValue]>): Metadata {
    const metadata = new Metadata();
    metadata.#load = load;
    return metadata;
  }

  /** The first value. */
  get<Key extends string>(key: Key): ValueOf<Key> | undefined {
    return this.#read()?.get(key.toLowerCase())?.[0] as ValueOf<Key> | undefined;
  }

  getAll<Key extends string>(key: Key): readonly ValueOf<Key>[] {
    return (this.#read()?.get(key.toLowerCase()) ?? []) as readonly MetadataValue[] as readonly ValueOf<Key>[];
  }

  has(key: string): boolean {
    return this.#read()?.has(key.toLowerCase()) ?? false;
  }

  /** Replaces all values of the key. @throws TypeError for a key or value gRPC does not allow */
  set<Key extends string>(key: Key, value: ValueOf<Key>): this {
    const checked = checkKey(key);
    this.#write().set(checked, [checkValue(checked, value)]);
    return this;
  }

  /** Adds one more value to the key. @throws TypeError for a key or value gRPC does not allow */
  append(key: string, value: MetadataValue): this {
    const checked = checkKey(key);
    const checkedValue = checkValue(checked, value);
    const values = this.#write();
    const existing = values.get(checked);
    if (existing === undefined) values.set(checked, [checkedValue]);
    else existing.push(checkedValue);
    return this;
  }

  delete(key: string): boolean {
    return this.#read()?.delete(key.toLowerCase()) ?? false;
  }

  keys(): Iterable<string> {
    return this.#read()?.keys() ?? [];
  }

  /** Whether there is nothing in it. */
  get empty(): boolean {
    const values = this.#read();
    return values === undefined || values.size === 0;
  }

  clone(): Metadata {
    const copy = new Metadata();
    const values = this.#read();
    if (values === undefined) return copy;
    const copies = new Map<string, MetadataValue[]>();
    for (const [key, each] of values) copies.set(key, [...each]);
    copy.#values = copies;
    return copy;
  }

  *[Symbol.iterator](): Iterator<[string, MetadataValue]> {
    for (const [key, values] of this.#read() ?? []) for (const value of values) yield [key, value];
  }

  toJSON(): { [key: string]: MetadataValue[] } {
    return Object.fromEntries([...(this.#read() ?? [])].map(([key, values]) => [key, [...values]]));
  }

  #read(): Map<string, MetadataValue[]> | undefined {
    const load = this.#load;
    if (load === undefined) return this.#values;
    const values = new Map<string, MetadataValue[]>();
    for (const [key, value] of load()) {
      const existing = values.get(key);
      if (existing === undefined) values.set(key, [value]);
      else existing.push(value);
    }
    this.#load = undefined;
    this.#values = values;
    return values;
  }

  #write(): Map<string, MetadataValue[]> {
    const values = this.#read() ?? new Map<string, MetadataValue[]>();
    this.#values = values;
    return values;
  }
}
