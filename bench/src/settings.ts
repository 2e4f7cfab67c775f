import { type PartyName, peers } from "./parties.js";
import type { Suite } from "./suite.js";
import { casesOf, suites } from "./suites.js";

/** What the environment asks for. */
export interface Settings {
  readonly suites: readonly { readonly name: string; readonly suite: Suite }[];
  /** Whether what registries cost is asked for. */
  readonly registry: boolean;
  /** How many calls the soak makes; undefined where it is not asked for. */
  readonly soakCalls: number | undefined;
  /** Of load, for each party in each case; a round of warming up included. */
  readonly seconds: number;
  readonly peers: readonly PartyName[] | undefined;
  /** Undefined: all. */
  readonly cases: readonly string[] | undefined;
  readonly profileDir: string | undefined;
  /** Whether a bound that is missed is a failure. */
  readonly strict: boolean;
}

/** @throws Error which names the variable, its value and what is allowed */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const seconds = Number(env["SECONDS"] || 5);
  if (!(seconds >= 1 && seconds <= 3600)) throw new Error(`SECONDS=${env["SECONDS"]}: give a number from 1 to 3600`);
  const calls = Number(env["CALLS"] || 10_000_000);
  if (!(calls >= 10_000 && calls <= 1e9)) throw new Error(`CALLS=${env["CALLS"]}: give a number from 10000 to 1e9`);
  const timed = [...Object.keys(suites), "registry"];
  const suiteNames = env["SUITE"] === "all" ? timed : (choose("SUITE", env, [...timed, "soak"]) ?? ["unary"]);
  return {
    suites: suiteNames.flatMap((name) => (suites[name] === undefined ? [] : [{ name, suite: suites[name] }])),
    registry: suiteNames.includes("registry"),
    soakCalls: suiteNames.includes("soak") ? calls : undefined,
    seconds,
    peers: choose("PEERS", env, peers),
    cases: choose("CASES", env, [...new Set(Object.values(suites).flatMap(casesOf))]),
    profileDir: env["PROFILE"] || undefined,
    strict: flag("STRICT", env),
  };
}

function flag(variable: string, env: NodeJS.ProcessEnv): boolean {
  const value = env[variable] || "0";
  if (value !== "0" && value !== "1") throw new Error(`${variable}=${value}: give 0 or 1`);
  return value === "1";
}

/** A comma-separated list of known names, or `all`; undefined where the variable is not set. */
function choose<T extends string>(
  variable: string,
  env: NodeJS.ProcessEnv,
  known: readonly T[],
): readonly T[] | undefined {
  const value = env[variable];
  if (value === undefined || value === "") return undefined;
  if (value === "all") return known;
  const given = value.split(",").map((name) => name.trim());
  for (const name of given) {
    if (!known.includes(name as T))
      throw new Error(`${variable}=${value}: no "${name}" here; there are ${known.join(", ")}, and all`);
  }
  return given as T[];
}
