import type { BinaryWriter } from "@bufbuild/protobuf/wire";

/** A message type as ts-proto generates it: everything Hawser needs to know of a message. */
export interface MessageType<T = unknown> {
  /** Full name, e.g. `shop.v1.Order`; generated where ts-proto runs with `outputTypeAnnotations=static-only`. */
  readonly $type?: string;
  /** @param writer takes the bytes; a message that has its own way may leave it aside */
  encode(message: T, writer?: BinaryWriter): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
  // biome-ignore lint/suspicious/noExplicitAny: ts-proto's own signature
  fromJSON(json: any): T;
  toJSON(message: T): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: ts-proto types it as a deep partial of T
  fromPartial(message: any): T;
}

/** One method as ts-proto's generic definitions write it. */
// biome-ignore lint/suspicious/noExplicitAny: a definition of any two messages
export interface MethodDefinition<Request = any, Response = any> {
  readonly name: string;
  readonly requestType: MessageType<Request>;
  readonly requestStream: boolean;
  readonly responseType: MessageType<Response>;
  readonly responseStream: boolean;
  readonly options: {
    readonly idempotencyLevel?: string;
    /** Options of other packages, raw, by tag. */
    readonly _unknownFields?: { readonly [tag: number]: readonly Uint8Array[] };
  };
}

/** A contract: what `buf generate` writes for a `service` of a `.proto` file. */
export interface ServiceDefinition {
  readonly name: string;
  /** With its package: `shop.v1.OrdersService`. */
  readonly fullName: string;
  /** The file and what it imports, a `google.protobuf.FileDescriptorSet` in base64; `protoc-gen-hawser` adds it. */
  readonly descriptors?: string;
  readonly methods: { readonly [localName: string]: MethodDefinition };
}

/**
 * A message with every field optional, to any depth; what is left out has its default. Any bytes will do where the
 * generated type asks for a `Buffer`.
 */
export type DeepPartial<T> = T extends Uint8Array
  ? Uint8Array
  : T extends Date | bigint | string | number | boolean
    ? T
    : T extends ReadonlyMap<infer Key, infer Value>
      ? ReadonlyMap<Key, DeepPartial<Value>>
      : T extends readonly (infer Item)[]
        ? readonly DeepPartial<Item>[]
        : T extends { readonly $case: string }
          ? { [Key in keyof T]?: DeepPartial<T[Key]> } & { $case: T["$case"] }
          : T extends object
            ? { [Key in keyof T]?: DeepPartial<T[Key]> }
            : T;

export type RequestOf<M extends MethodDefinition> =
  M extends MethodDefinition<infer Request, infer _> ? Request : never;
export type ResponseOf<M extends MethodDefinition> =
  M extends MethodDefinition<infer _, infer Response> ? Response : never;
