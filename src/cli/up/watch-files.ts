import { watch } from "node:fs";
import { dirname, sep } from "node:path";

const settleMs = 100;
const ignored = new Set(["node_modules", "dist", "coverage"]);
const watched = /\.([cm]?[jt]sx?|json|ya?ml|proto)$/;

/**
 * Calls back when source files beside an app file change, with one of them: once for all that change together, and not
 * again before the callback is done. Returns what ends it.
 */
export function watchFiles(appFile: string, onChange: (file: string) => Promise<void>): () => void {
  let changed: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let busy = false;
  const settled = async (): Promise<void> => {
    if (busy || changed === undefined) return;
    const file = changed;
    changed = undefined;
    busy = true;
    await onChange(file).finally(() => {
      busy = false;
    });
    await settled();
  };
  const watcher = watch(dirname(appFile), { recursive: true }, (_event, file) => {
    if (file === null || !watched.test(file)) return;
    if (file.split(sep).some((part) => ignored.has(part) || part.startsWith("."))) return;
    changed = file;
    clearTimeout(timer);
    timer = setTimeout(() => void settled(), settleMs);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
