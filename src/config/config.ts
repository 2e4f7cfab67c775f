/**
 * What an operator decides: values by section and key, from a file, the environment and flags, checked by a schema.
 *
 * Promises to callers: a service gets what its schema makes of the shared section with its own section over it, or one
 * error that names every key that does not fit, who said it, and the way out; secrets are in no message. Nothing is
 * read but what is handed in. Demands of a source: to be a plain object that stays as it is, and to say where it has its
 * values from.
 */
export { ConfigError, type ConfigIssue } from "./config-error.js";
export { type Config, type ConfigOf, type ConfigOptions, createConfig } from "./create-config.js";
export { type Environment, environmentSource } from "./environment.js";
export { fileSource } from "./file.js";
export { flagSource } from "./flags.js";
export { type ConfigSource, type Section, type Sections, valueSource } from "./source.js";
