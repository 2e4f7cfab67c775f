import { readFileSync } from "node:fs";
import { Command } from "commander";
import { defaultRegistryUrl } from "../service/open-registry.js";
import { addCall } from "./call.js";
import { addExport } from "./export.js";
import { addGet } from "./get.js";
import { addHealth } from "./health.js";
import type { Io } from "./io.js";
import { addList } from "./list.js";
import { addLogs } from "./logs.js";
import { addNew } from "./new.js";
import { addOutline } from "./outline.js";
import { addPs } from "./ps.js";
import { addRegistry } from "./registry.js";
import { addRestart } from "./restart.js";
import { addRun } from "./run-app.js";
import { addScale } from "./scale.js";
import { addStart } from "./start.js";
import { addStop } from "./stop.js";
import { addUp } from "./up.js";
import { addWatch } from "./watch.js";

/** The whole command line: what every verb understands, and the verbs. */
export function createProgram(io: Io): Command {
  const program = new Command("hawser")
    .description("Run a system of services, in one process or in many; see who is alive, and call them.")
    .version(version(), "-V, --version", "print the version")
    .option("--registry <url>", `where services find each other (default: HAWSER_REGISTRY, or ${defaultRegistryUrl})`)
    .option("--json", "print JSON for programs: one document, or one object a line where there is a stream")
    .option("--no-color", "print no colours (so does NO_COLOR)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => {}, // told by run(), like every other failure
    });
  for (const addVerb of verbs) addVerb(program, io);
  return program;
}

const verbs = [
  addNew,
  addRun,
  addUp,
  addStart,
  addOutline,
  addExport,
  addRegistry,
  addList,
  addGet,
  addHealth,
  addWatch,
  addCall,
  addPs,
  addLogs,
  addRestart,
  addStop,
  addScale,
];

/** The package's, which is two folders up from here in `src` and in `dist`. */
function version(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}
