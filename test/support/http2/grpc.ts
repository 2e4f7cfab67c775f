import { EchoRequest, EchoResponse } from "../../gen/hawser/test/v1/echo.js";
import { frame as message, messagesOf } from "../raw-grpc.js";
import { data, headers } from "./frames.js";
import type { Field } from "./hpack.js";
import type { RawPeer } from "./raw-peer.js";
import type { Frame } from "./received.js";

export { message };

export type EchoMethod = "Unary" | "Put" | "Read" | "ServerStream" | "ClientStream" | "Bidi";

/** The header fields of a decent call. */
export function requestFields(method: EchoMethod = "Unary", ...more: readonly Field[]): readonly Field[] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", `/hawser.test.v1.EchoService/${method}`],
    [":authority", "127.0.0.1"],
    ["te", "trailers"],
    ["content-type", "application/grpc"],
    ...more,
  ];
}

/** The same fields with one of them given another value, or taken away. */
export function changed(fields: readonly Field[], name: string, value: string | undefined): readonly Field[] {
  return fields.flatMap((field) => (field[0] !== name ? [field] : value === undefined ? [] : [[name, value] as const]));
}

export const responseFields: readonly Field[] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];
export const okTrailer: readonly Field[] = [["grpc-status", "0"]];

/** A request with its prefix. */
export function echoRequest(fields: Partial<EchoRequest> = {}): Buffer {
  return message(EchoRequest.encode(EchoRequest.fromPartial(fields)).finish());
}

/** A response with its prefix. */
export function echoResponse(fields: Partial<EchoResponse> = {}): Buffer {
  return message(EchoResponse.encode(EchoResponse.fromPartial(fields)).finish());
}

/** A whole call as bytes. */
export function wholeCall(id: number, method: EchoMethod = "Unary", request: Partial<EchoRequest> = {}): Buffer {
  return Buffer.concat([headers(id, requestFields(method)), data(id, echoRequest(request), { end: true })]);
}

/** A whole answer as bytes. */
export function wholeAnswer(id: number, response: Partial<EchoResponse> = {}): Buffer {
  return Buffer.concat([
    headers(id, responseFields),
    data(id, echoResponse(response)),
    headers(id, okTrailer, { end: true }),
  ]);
}

/** What came of one stream. */
export interface StreamAnswer {
  readonly header: { readonly [name: string]: string };
  /** Those of an answer without messages are its header. */
  readonly trailer: { readonly [name: string]: string };
  readonly body: Buffer;
  /** How the other side reset the stream; undefined where it did not. */
  readonly resetCode: number | undefined;
  /** NaN where there was none. */
  readonly status: number;
  readonly message: string;
}

/** Reads a stream until the other side has ended or reset it. */
export async function answerTo(peer: RawPeer, id: number): Promise<StreamAnswer> {
  const blocks: { [name: string]: string }[] = [];
  const body: Buffer[] = [];
  const mine = (frame: Frame): boolean => frame.id === id && ["headers", "data", "reset"].includes(frame.kind);
  let resetCode: number | undefined;
  for (let ended = false; !ended; ) {
    const frame = await peer.next(mine);
    if (frame.kind === "headers") blocks.push(Object.fromEntries(frame.fields));
    if (frame.kind === "data") body.push(frame.payload);
    if (frame.kind === "reset") resetCode = frame.code;
    ended = frame.kind === "reset" || (frame as { endStream?: boolean }).endStream === true;
  }
  const [header = {}, trailer = header] = blocks;
  const status = Number(trailer["grpc-status"] ?? Number.NaN);
  const message = decodeURIComponent(trailer["grpc-message"] ?? "");
  return { header, trailer, body: Buffer.concat(body), resetCode, status, message };
}

/** The responses in an answer. */
export function responsesIn({ body }: StreamAnswer): readonly EchoResponse[] {
  return messagesOf(body).map(({ bytes }) => EchoResponse.decode(bytes));
}
