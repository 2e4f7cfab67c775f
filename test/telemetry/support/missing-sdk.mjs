/** For `node --import`: a machine on which @opentelemetry/sdk-node was never installed. */
import { register } from "node:module";

const hook = `export async function resolve(specifier, context, next) {
  if (specifier !== "@opentelemetry/sdk-node") return next(specifier, context);
  const error = new Error("Cannot find package '@opentelemetry/sdk-node' imported from " + context.parentURL);
  throw Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
