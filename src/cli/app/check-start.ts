import { createConfig } from "../../config/config.js";
import { sections } from "../../service/app/sections.js";
import type { App, AppProcess } from "../../service/service.js";
import type { Io } from "../io.js";
import { addressesOf, checkApart } from "./addresses.js";
import { configSources, type ValueOptions } from "./app-options.js";
import { placementsOf } from "./placements.js";

/**
 * Whether an app that is divided so can be started with these options, as far as that can be known without running it.
 *
 * @throws UsageError for an option that names what the app does not have, and where two would listen at one port;
 *   ConfigError for a configuration that does not fit
 */
export async function checkStart(
  { file, app, processes }: { readonly file: string; readonly app: App; readonly processes: readonly AppProcess[] },
  options: ValueOptions,
  io: Io,
): Promise<void> {
  placementsOf(options.place, app);
  checkApart(addressesOf(options.address, app, io), processes);
  const names = app.services.map(({ name }) => name);
  const config = createConfig({ sources: await configSources(app, file, options, io), sections: names });
  await sections(config, app.services);
}
