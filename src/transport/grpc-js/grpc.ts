import { createRequire } from "node:module";
import type * as Grpc from "@grpc/grpc-js";

/** `@grpc/grpc-js`, an optional peer: loaded with this driver and by nothing else. */
export const grpc: typeof Grpc = load();

export type { Grpc };

function load(): typeof Grpc {
  try {
    return createRequire(import.meta.url)("@grpc/grpc-js");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw cause;
    throw new Error("the grpc-js transport needs @grpc/grpc-js: npm install @grpc/grpc-js", { cause });
  }
}
