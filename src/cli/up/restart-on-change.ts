import { isDeepStrictEqual } from "node:util";
import type { Supervisor } from "../../supervisor/supervisor.js";
import type { AppOutline } from "../app/outline.js";
import type { ProcessOptions } from "../app/process-options.js";
import type { Terminal } from "../terminal.js";
import { readOutline } from "./read-outline.js";
import { watchFiles } from "./watch-files.js";

export interface RestartOnChangeOptions {
  readonly supervisor: Supervisor;
  readonly outline: AppOutline;
  readonly options: ProcessOptions;
}

/**
 * Takes all processes anew when a file of the app changes: first the app is checked, then each new process must be ready
 * before the old one goes. Where that fails the old ones stay, and the next change is awaited. Returns what ends it.
 */
export function restartOnChange(
  { supervisor, outline, options }: RestartOnChangeOptions,
  terminal: Terminal,
): () => void {
  return watchFiles(outline.file, async (changed) => {
    await terminal.note(`hawser: ${changed} has changed`);
    try {
      const now = await readOutline(outline.file, options, terminal.io);
      if (!isDeepStrictEqual(now.processes, outline.processes)) {
        await terminal.note("hawser: the app is divided otherwise now; that needs another `hawser up`");
      }
      await supervisor.restart();
      await terminal.note("hawser: all run with the change");
    } catch (reason) {
      if (terminal.io.signal.aborted) return;
      await terminal.note(`hawser: ${(reason as Error).message}\nhawser: the old ones stay`);
    }
  });
}
