import { loadModule } from "../../../src/cli/app/load-module.js";
import { AppError } from "../../../src/cli/failure.js";

// Loads each file that is named, in a process as the command's own, and prints what comes of it: one JSON object a line.
for (const file of process.argv.slice(2)) {
  try {
    console.log(JSON.stringify({ exports: { ...(await loadModule(file)) } }));
  } catch (reason) {
    console.log(JSON.stringify({ failure: (reason as Error).message, app: reason instanceof AppError }));
  }
}
