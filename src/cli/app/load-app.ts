import { relative } from "node:path";
import type { App } from "../../service/service.js";
import { AppError } from "../failure.js";
import { loadModule } from "./load-module.js";

/** The app that a file exports, by default or as `app`. @throws AppError where it does not */
export async function loadApp(file: string): Promise<App> {
  const exported = await loadModule(file);
  const app = [exported["default"], exported["app"]].find(isApp);
  if (app !== undefined) return app;
  const names = Object.keys(exported).join(", ") || "nothing";
  throw new AppError(
    `${relative(process.cwd(), file)} exports no app (it exports ${names}); write: export default defineApp({ … })`,
  );
}

function isApp(value: unknown): value is App {
  return (value as App | undefined)?.kind === "hawser.app";
}
