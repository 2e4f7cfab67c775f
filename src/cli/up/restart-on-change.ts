import { isDeepStrictEqual } from "node:util";
import type { Supervisor } from "../../supervisor/supervisor.js";
import type { AppOutline } from "../app/outline.js";
import type { AppView } from "./app-view.js";
import type { FileWatch } from "./watch-files.js";

export interface RestartOnChangeOptions {
  readonly supervisor: Supervisor;
  readonly view: AppView;
  readonly changes: FileWatch;
  /** As it runs. */
  readonly outline: AppOutline;
  /** Reads it anew. @throws Error where the app cannot be */
  readonly readOutline: () => Promise<AppOutline>;
  /** Why a change is not taken. */
  readonly describe: (reason: unknown) => string;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Takes all processes anew whenever a file of the app changes: first the app is checked, then each new process must be
 * ready before the old one goes. Where that fails the old ones stay, and the next change is awaited.
 *
 * Resolves with true where the app is divided into other processes than those that run; with false when it was ended.
 */
export async function restartOnChange(options: RestartOnChangeOptions): Promise<boolean> {
  const { supervisor, view, changes, outline, readOutline, describe, signal } = options;
  for (;;) {
    const changed = await changes.next(signal);
    if (changed === undefined) return false;
    view.note(`hawser: ${changed} has changed`);
    try {
      const { name, processes } = await readOutline();
      if (!isDeepStrictEqual({ name, processes }, { name: outline.name, processes: outline.processes })) return true;
      await supervisor.restart();
      view.note("hawser: all run with the change");
    } catch (reason) {
      if (signal.aborted) return false;
      const down = supervisor.children().filter(({ state }) => state !== "ready" && state !== "stopped");
      const names = down.map((child) => child.name).join(", ");
      const left = names === "" ? "the old ones stay" : `${names} had to go first; the rest stays as it was`;
      view.note(`hawser: ${describe(reason)}\nhawser: ${left}`);
    }
  }
}
