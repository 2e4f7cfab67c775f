import { withoutPassword } from "../../service/registry-url.js";
import type { AppInfo } from "../../supervisor/control/control.js";
import { formatDuration } from "../duration.js";
import type { Paint } from "../paint.js";
import { harmless } from "./ansi.js";

/** `shop  pid 4211  up 3m 12s  hawser://127.0.0.1:41235` */
export function appLine({ name, pid, startedAt, registry }: AppInfo, now: number, paint: Paint): string {
  const about = [`pid ${pid}`, `up ${formatDuration(now - startedAt)}`, harmless(withoutPassword(registry))];
  return [paint.strong(harmless(name)), ...about].join("  ");
}
