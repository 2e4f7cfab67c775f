import { type FSWatcher, readdirSync, watch } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";

/** Files that change together, or are written in several goes, are one change. */
const settleMs = 100;
const ignored = new Set(["node_modules", "dist", "coverage"]);
const source = /\.([cm]?[jt]sx?|json|ya?ml|proto)$/;

/** Knows of changes from when it was made until it is closed. */
export interface FileWatch {
  /** Resolves with a file that has changed since it was last asked; undefined once the signal aborts. */
  next(signal: AbortSignal): Promise<string | undefined>;
  /** Watches one more file, wherever it is. @param file absolute */
  follow(file: string): void;
  close(): void;
}

/**
 * Watches the source files beside an app file and below, except in `node_modules`, `dist`, `coverage` and hidden folders. Folders
 * are watched, not files: editors put new files in the place of old ones.
 */
export function watchFiles(appFile: string): FileWatch {
  const root = dirname(appFile);
  const folders = new Map<string, FSWatcher>();
  let changed: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let tell: (() => void) | undefined;

  function touched(file: string): void {
    changed = file;
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      tell?.();
    }, settleMs);
  }

  function watchFolder(folder: string, concerns: (name: string) => boolean, deep: boolean): void {
    if (folders.has(folder)) return;
    try {
      const watcher = watch(folder, (event, name) => {
        if (name === null) return;
        if (concerns(name)) touched(relative(root, join(folder, name)));
        else if (deep && isFollowed(name) && event === "rename") replaced(join(folder, name));
      });
      watcher.on("error", () => forget(folder)); // it was removed
      folders.set(folder, watcher);
    } catch {
      // It is no folder, or is gone already.
    }
  }

  /** A folder has come or gone, or another of its name has taken its place: a watcher of the old one hears nothing of that. */
  function replaced(folder: string): void {
    const below = [...folders.keys()].filter((each) => each === folder || each.startsWith(folder + sep));
    for (const each of below) forget(each);
    watchBelow(folder, true);
  }

  /** @param isNew what is in it has just come, too */
  function watchBelow(folder: string, isNew: boolean): void {
    if (folders.has(folder)) return;
    watchFolder(folder, isSource, true);
    for (const entry of entriesOf(folder)) {
      if (entry.isDirectory() && isFollowed(entry.name)) watchBelow(join(folder, entry.name), isNew);
      else if (isNew && isSource(entry.name)) touched(relative(root, join(folder, entry.name)));
    }
  }

  function forget(folder: string): void {
    folders.get(folder)?.close();
    folders.delete(folder);
  }

  watchBelow(root, false);
  const single = new Map<string, Set<string>>();

  return {
    follow(file) {
      const folder = dirname(file);
      if (folders.has(folder) && isSource(basename(file)) && !single.has(folder)) return;
      const names = single.get(folder) ?? new Set();
      single.set(folder, names.add(basename(file)));
      watchFolder(folder, (name) => names.has(name), false);
    },
    next: (signal) =>
      new Promise((resolve) => {
        const settle = (): void => {
          if (!signal.aborted && (changed === undefined || timer !== undefined)) return;
          tell = undefined;
          signal.removeEventListener("abort", settle);
          resolve(signal.aborted ? undefined : changed);
          changed = undefined;
        };
        tell = settle;
        signal.addEventListener("abort", settle);
        settle();
      }),
    close: () => {
      clearTimeout(timer);
      for (const folder of [...folders.keys()]) forget(folder);
    },
  };
}

function isSource(name: string): boolean {
  return source.test(name) && !name.startsWith(".");
}

function isFollowed(name: string): boolean {
  return !ignored.has(name) && !name.startsWith(".");
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
