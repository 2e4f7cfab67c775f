import { relative } from "node:path";
import { endsWithin } from "../../service/ends-within.js";
import type { App } from "../../service/service.js";
import type { Clock } from "../../time/time.js";
import { AppError } from "../failure.js";
import { interruptible } from "../interruptible.js";
import { loadModule } from "./load-module.js";

export interface LoadOptions {
  /** How long it may take, in ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * The app that a file exports, by default or as `app`.
 *
 * @throws AppError where it does not; Error where its code throws or does not come to an end; Interrupted
 */
export async function loadApp(file: string, { timeoutMs, signal, clock }: LoadOptions): Promise<App> {
  const name = relative(process.cwd(), file);
  const loading = interruptible(loadModule(file), signal);
  if (!(await endsWithin(timeoutMs, clock, loading))) {
    const late = `${name} has not been loaded within ${timeoutMs / 1000} s`;
    throw new Error(`${late}; does it wait for something at its top level? a setup can do that`);
  }
  const exported = await loading;
  const app = [exported["default"], exported["app"]].find(isApp);
  if (app !== undefined) return app;
  const names = Object.keys(exported).join(", ") || "nothing";
  throw new AppError(`${name} exports no app (it exports ${names}); write: export default defineApp({ … })`);
}

function isApp(value: unknown): value is App {
  return (value as App | undefined)?.kind === "hawser.app";
}
