import { errorName, Flag, Type } from "./constants.js";
import type { Field } from "./hpack.js";

interface Base {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

export interface DataFrame extends Base {
  readonly kind: "data";
  readonly endStream: boolean;
}

/** HEADERS with all of its CONTINUATION. */
export interface HeadersFrame extends Base {
  readonly kind: "headers";
  readonly endStream: boolean;
  readonly fields: readonly Field[];
  /** How many frames it came in. */
  readonly pieces: number;
}

export interface ResetFrame extends Base {
  readonly kind: "reset";
  readonly code: number;
}

export interface SettingsFrame extends Base {
  readonly kind: "settings";
  readonly ack: boolean;
  readonly values: ReadonlyMap<number, number>;
}

export interface PingFrame extends Base {
  readonly kind: "ping";
  readonly ack: boolean;
}

export interface GoawayFrame extends Base {
  readonly kind: "goaway";
  readonly lastId: number;
  readonly code: number;
  readonly text: string;
}

export interface WindowUpdateFrame extends Base {
  readonly kind: "windowUpdate";
  readonly increment: number;
}

export interface OtherFrame extends Base {
  readonly kind: "other";
}

/** A frame as it was received, its payload taken apart. */
export type Frame =
  | DataFrame
  | HeadersFrame
  | ResetFrame
  | SettingsFrame
  | PingFrame
  | GoawayFrame
  | WindowUpdateFrame
  | OtherFrame;

/** Takes the payload of any frame but HEADERS and CONTINUATION apart. */
export function takeApart(frame: Base): Frame {
  const { type, flags, payload } = frame;
  if (type === Type.DATA) {
    const padding = (flags & Flag.PADDED) === 0 ? 0 : (payload[0] ?? 0) + 1;
    const bare = payload.subarray(Math.min(padding, 1), payload.length - Math.max(0, padding - 1));
    return { ...frame, kind: "data", payload: bare, endStream: (flags & Flag.END_STREAM) !== 0 };
  }
  if (type === Type.RST_STREAM) return { ...frame, kind: "reset", code: payload.readUInt32BE() };
  if (type === Type.PING) return { ...frame, kind: "ping", ack: (flags & Flag.ACK) !== 0 };
  if (type === Type.WINDOW_UPDATE) return { ...frame, kind: "windowUpdate", increment: payload.readUInt32BE() };
  if (type === Type.SETTINGS) {
    const values = new Map<number, number>();
    for (let at = 0; at + 6 <= payload.length; at += 6)
      values.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    return { ...frame, kind: "settings", ack: (flags & Flag.ACK) !== 0, values };
  }
  if (type === Type.GOAWAY) {
    const [lastId, code] = [payload.readUInt32BE() & 0x7fffffff, payload.readUInt32BE(4)];
    return { ...frame, kind: "goaway", lastId, code, text: payload.toString("utf8", 8) };
  }
  return { ...frame, kind: "other" };
}

export const isSettings = (frame: Frame): frame is SettingsFrame => frame.kind === "settings" && !frame.ack;
export const isSettingsAck = (frame: Frame): frame is SettingsFrame => frame.kind === "settings" && frame.ack;
export const isPing = (frame: Frame): frame is PingFrame => frame.kind === "ping" && !frame.ack;
export const isPingAck = (frame: Frame): frame is PingFrame => frame.kind === "ping" && frame.ack;
export const isGoaway = (frame: Frame): frame is GoawayFrame => frame.kind === "goaway";
/** Predicates of a stream's frames, or of any stream's where no id is given. */
export const isHeaders: OfStream<HeadersFrame> = ofStream("headers");
export const isData: OfStream<DataFrame> = ofStream("data");
export const isReset: OfStream<ResetFrame> = ofStream("reset");
export const isWindowUpdate: OfStream<WindowUpdateFrame> = ofStream("windowUpdate");

type OfStream<T extends Frame> = (id?: number) => (frame: Frame) => frame is T;

function ofStream<T extends Frame>(kind: T["kind"]): OfStream<T> {
  return (id) =>
    (frame): frame is T =>
      frame.kind === kind && (id ?? frame.id) === frame.id;
}

/** One line for people. */
export function describeFrame(frame: Frame): string {
  const what =
    frame.kind === "goaway"
      ? ` ${errorName(frame.code)} last=${frame.lastId} "${frame.text}"`
      : frame.kind === "reset"
        ? ` ${errorName(frame.code)}`
        : frame.kind === "headers"
          ? ` ${frame.fields.map((field) => field.join("=")).join(" ")}`
          : frame.kind === "settings" || frame.kind === "ping"
            ? frame.ack
              ? " ack"
              : ""
            : ` ${frame.payload.length} B`;
  return `${frame.kind}(${frame.id})${what}`;
}
