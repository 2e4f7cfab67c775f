import type { App, AppProcess } from "../../service/service.js";
import { ownConfigFile } from "./app-options.js";

/** What can be told of an app without running it. */
export interface AppOutline {
  readonly name: string;
  /** The app file, absolute. */
  readonly file: string;
  /** Each after those it needs. */
  readonly services: readonly ServiceOutline[];
  /** Where the values for its services' config are by default, absolute. */
  readonly configFile?: string;
  /** How `hawser up` starts them, each after those it needs. */
  readonly processes: readonly AppProcess[];
}

export interface ServiceOutline {
  readonly name: string;
  readonly version: string;
  /** Full names. */
  readonly contracts: readonly string[];
  /** Services of the app. */
  readonly needs: readonly string[];
  /** Services elsewhere. */
  readonly external: readonly string[];
}

export function outlineOf(app: App, file: string): AppOutline {
  const services = app.services.map(({ name, version, contracts, needs }) => ({
    name,
    version,
    contracts: [...contracts.values()].map(({ fullName }) => fullName),
    needs: needs.filter(({ external }) => !external).map(({ service }) => service),
    external: needs.filter(({ external }) => external).map(({ service }) => service),
  }));
  const configFile = ownConfigFile(app, file);
  return { name: app.name, file, ...(configFile && { configFile }), services, processes: app.processes };
}
