import type { Codec } from "../../../codec/codec.js";
import type { CompressionName } from "../../../codec/compression.js";
import type { Method } from "../../../contract/contract.js";
import { Code, RpcError } from "../../../errors/errors.js";
import { agreedCompression, readCodec } from "../../grpc/request-head.js";
import type { Router } from "../../transport.js";
import type { ServingSettings } from "./call-settings.js";
import type { Heading } from "./fields.js";

/** How a call is served: the same for all calls of a method from one client. */
export interface Plan {
  readonly method: Method;
  readonly codec: Codec;
  /** How the answer may be compressed: what this side wants and the caller understands. */
  readonly compression: CompressionName | undefined;
}

/** Made once for header fields that come again and again on a connection. @throws RpcError where the call cannot be served */
export function planOf(heading: Heading, router: Router, settings: ServingSettings): Plan {
  const { base } = heading;
  if (!sayTheSame(heading, base)) return makePlan(heading, router, settings);
  base.plan ??= makePlan(base, router, settings);
  return base.plan as Plan;
}

function makePlan(heading: Heading, router: Router, settings: ServingSettings): Plan {
  const codec = readCodec(heading, settings.codecs);
  const method = router.methods.get(heading.path as string);
  if (method === undefined) throw new RpcError(Code.UNIMPLEMENTED, `the server has no method ${heading.path}`);
  return { method, codec, compression: agreedCompression(heading.acceptEncoding, settings.compression) };
}

function sayTheSame(one: Heading, other: Heading): boolean {
  return (
    one.path === other.path &&
    one.method === other.method &&
    one.contentType === other.contentType &&
    one.encoding === other.encoding &&
    one.acceptEncoding === other.acceptEncoding
  );
}
