import type { Closeable } from "../../contract/contract.js";

/** Shows what happens to an app that is supervised. */
export interface AppView extends Closeable {
  /** Says something beside what the processes write, a line or several that are fit for a terminal. */
  note(text: string): void;
}
