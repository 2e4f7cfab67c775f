/**
 * `permanent`: whenever it ends. `transient`: where it ends with anything but code 0. `temporary`: never. One that ends with
 * `doNotRestart` is not, whatever stands here.
 */
export type RestartPolicy = "permanent" | "transient" | "temporary";

/** A process that ends with this code (EX_CONFIG of sysexits.h) says that starting it again will not help. */
export const doNotRestart = 78;

export interface ProcessSpec {
  /** Unique in the tree: `orders-1`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** On top of this process's own environment. Default: nothing. */
  readonly env?: { readonly [name: string]: string };
  /** Default: this process's own. */
  readonly cwd?: string;
  /** Siblings, by name, that must be ready before this one starts. Default: all that stand before it. */
  readonly after?: readonly string[];
  /** Default: `permanent`. */
  readonly restart?: RestartPolicy;
  /** Whether it speaks the child protocol: ready when it says so, pinged, measured. Else it is ready once it runs. Default: true. */
  readonly protocol?: boolean;
  /** How long it may take to be ready, in ms. Default: 30 000. */
  readonly readyTimeoutMs?: number;
  /** How long it may take to end after SIGTERM before its process group gets SIGKILL, in ms. Default: 30 000. */
  readonly stopTimeoutMs?: number;
}

/**
 * What happens to the siblings of a child that is started again. `one_for_one`: nothing. `one_for_all`: all of them are.
 * `rest_for_one`: those that start after it are. (Erlang/OTP's names.)
 */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/**
 * More than `restarts` within `withinMs`, and the group gives up. For a group of groups that time has to be longer than it
 * takes the groups within to give up so often, or they are started again for ever.
 */
export interface Intensity {
  readonly restarts: number;
  readonly withinMs: number;
}

export interface GroupSpec {
  /** Unique in the tree: `orders`. */
  readonly name: string;
  readonly children: readonly (ProcessSpec | GroupSpec)[];
  /** Siblings, by name, that must be ready before this one starts. Default: all that stand before it. */
  readonly after?: readonly string[];
  /** Default: `one_for_one`. */
  readonly strategy?: Strategy;
  /** Default: 5 restarts in 30 s. 0 restarts: the first failure ends the group. */
  readonly intensity?: Intensity;
}

export const defaultTimeoutMs = 30_000;
export const defaultIntensity: Intensity = { restarts: 5, withinMs: 30_000 };

export function isGroup(spec: ProcessSpec | GroupSpec): spec is GroupSpec {
  return "children" in spec;
}
