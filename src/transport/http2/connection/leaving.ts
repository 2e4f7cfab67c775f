import { Http2Code, http2CodeName } from "../errors.js";
import type { Goaway } from "./goaway.js";

/** Why a connection of a client takes no further calls. */
export interface Leaving {
  /** For people. */
  readonly message: string;
  /** The peer minds how often it is probed (gRFC A8). */
  readonly tooManyPings: boolean;
  /** The peer closes the connection for want of calls. */
  readonly idle: boolean;
}

export const idsRunOut: Leaving = { message: "stream ids run out", tooManyPings: false, idle: false };

/** The texts are those of gRPC's servers. */
export function leavingFor({ code, debug }: Goaway): Leaving {
  return {
    message: `GOAWAY with code ${http2CodeName(code)}${debug === "" ? "" : ` (${debug})`}`,
    tooManyPings: code === Http2Code.ENHANCE_YOUR_CALM && debug === "too_many_pings",
    idle: code === Http2Code.NO_ERROR && debug === "max_idle",
  };
}
