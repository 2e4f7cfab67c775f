import type { Fields } from "../hpack/hpack.js";
import type { CallSettings } from "./call-settings.js";

/** What is the same in every call of a method over one connection. */
export function requestFields(path: string, settings: CallSettings): Fields {
  const { scheme, authority, contentType, compression } = settings;
  const encoding = compression === "identity" ? [] : ["grpc-encoding", compression];
  return [
    ...[":method", "POST", ":scheme", scheme, ":path", path, ":authority", authority],
    ...["te", "trailers", "content-type", contentType, "user-agent", "grpc-node-hawser"],
    ...["grpc-accept-encoding", "identity,deflate,gzip", ...encoding],
  ];
}
