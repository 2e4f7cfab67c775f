import { findApp } from "./find-app.js";
import { localCopy } from "./local-copy.js";

/** The app is made with another copy of Hawser than this one: that copy goes on with the command. */
export class OtherCopy extends Error {
  /** Its `dist/cli/run.js`. */
  readonly file: string;

  constructor(file: string) {
    super(`the app's own copy of Hawser goes on: ${file}`);
    this.file = file;
  }
}

/** As `findApp`. @throws OtherCopy where the app's project has a copy of Hawser of its own */
export async function findOwnApp(argument: string | undefined, cwd: string): Promise<string> {
  const file = await findApp(argument, cwd);
  const copy = await localCopy(file);
  if (copy !== undefined) throw new OtherCopy(copy);
  return file;
}
