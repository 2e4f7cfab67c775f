/** Flat: name, value, name, value, … One character a byte (latin1). */
export type Fields = readonly string[];

/**
 * The fields a block begins with that are all in the tables, 32 at most. The same object each time the same fields of
 * the tables are meant, whatever their place in the table by then.
 */
export interface KnownFields {
  readonly fields: Fields;
  /** For the layer above: what it made of these fields, so that it need not do so again. */
  meaning: unknown;
}

export interface HeaderBlock {
  readonly known: KnownFields;
  /** What follows, in order; `noFields` where nothing does. */
  readonly rest: Fields;
  /** Whether the fields came to more than `maxListBytes`: those past it are not here. */
  readonly tooLarge: boolean;
}

/** The one list of fields that is always empty. */
export const noFields: Fields = [];

/** What a field counts, in a table and in a list (RFC 7541 §4.1, RFC 9113 §6.5.2). */
export function fieldBytes(name: string, value: string): number {
  return name.length + value.length + 32;
}

/** The same for a list of them. */
export function listBytes(fields: Fields): number {
  let bytes = 0;
  for (let i = 0; i < fields.length; i += 2) bytes += fieldBytes(fields[i] as string, fields[i + 1] as string);
  return bytes;
}
