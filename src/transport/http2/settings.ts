import { ConnectionError, Http2Code } from "./errors.js";

/** Identifiers of RFC 9113 §6.5.2, and one of our own. */
export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
  /**
   * A server of Hawser's says how often it may be asked for a sign of life while it says nothing, in ms; 0: as often as
   * one likes. Of those left for experiments; others pass it over, or what stands behind it, so that it comes last.
   */
  MIN_PING_INTERVAL: 0xf0a8,
} as const;

/** The largest window there can be. */
export const maxWindowBytes: number = 2 ** 31 - 1;

/** What every connection begins with. */
export const defaultWindowBytes = 65_535;

/** Told of each setting of a frame, in order; those nobody knows are passed over. */
export interface SettingSink {
  onSetting(id: number, value: number): void;
}

/** @throws ConnectionError for a value that RFC 9113 §6.5.2 does not allow */
export function readSettings(bytes: Buffer, start: number, end: number, sink: SettingSink): void {
  if ((end - start) % 6 !== 0) {
    throw new ConnectionError(Http2Code.FRAME_SIZE_ERROR, `SETTINGS of ${end - start} bytes, not a multiple of 6`);
  }
  for (let at = start; at < end; at += 6) {
    const id = bytes.readUInt16BE(at);
    const value = bytes.readUInt32BE(at + 2);
    check(id, value);
    sink.onSetting(id, value);
  }
}

function check(id: number, value: number): void {
  if (id === Setting.ENABLE_PUSH && value > 1) {
    throw new ConnectionError(Http2Code.PROTOCOL_ERROR, `SETTINGS_ENABLE_PUSH is 0 or 1, not ${value}`);
  }
  if (id === Setting.INITIAL_WINDOW_SIZE && value > maxWindowBytes) {
    throw new ConnectionError(Http2Code.FLOW_CONTROL_ERROR, `SETTINGS_INITIAL_WINDOW_SIZE of ${value}`);
  }
  if (id === Setting.MAX_FRAME_SIZE && (value < 16_384 || value > 16_777_215)) {
    throw new ConnectionError(Http2Code.PROTOCOL_ERROR, `SETTINGS_MAX_FRAME_SIZE of ${value}`);
  }
}
