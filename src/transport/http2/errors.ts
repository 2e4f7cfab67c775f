/** The error codes of RFC 9113 §7. */
export const Http2Code = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

export type Http2Code = (typeof Http2Code)[keyof typeof Http2Code];

const names = Object.keys(Http2Code);

/** `"CANCEL"` for 8; the number itself where RFC 9113 knows no name for it. */
export function http2CodeName(code: number): string {
  return names[code] ?? String(code);
}

/** The peer broke a rule that holds for the whole connection: it is told why, and the connection ends (RFC 9113 §5.4.1). */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: Http2Code;

  constructor(code: Http2Code, message: string) {
    super(message);
    this.code = code;
  }
}
