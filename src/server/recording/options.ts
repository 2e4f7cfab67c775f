import { type Logger, type ServiceDefinition, silentLogger } from "../../contract/contract.js";
import { type Clock, systemClock } from "../../time/time.js";

export interface RecordingOptions {
  /** Where the files go: `<service>-<time>-<pid>.jsonl`. Made where it is not there, for its owner only. */
  readonly folder: string;
  /** The name others find the service by. */
  readonly service: string;
  /** What the server serves. Calls of other contracts are recorded without their messages; health and reflection not at all. */
  readonly contracts: readonly ServiceDefinition[];
  /** Record responses too. Default: false. */
  readonly responses?: boolean;
  /**
   * Further metadata to hide, beside names that say they let somebody in: those with `auth`, `token`, `session`, `secret`,
   * `cookie`, `credential`, `password`, `jwt`, `otp`, `signature`, the word `key` and the like. Default: none.
   */
  readonly hiddenMetadata?: readonly string[];
  /** How much of the requests of one call is recorded, and of its responses, in bytes of protobuf. Default: 256 KiB. */
  readonly maxCallBytes?: number;
  /** How many messages of one stream are recorded. Default: 1 000. */
  readonly maxCallMessages?: number;
  /** How large a file may become. Default: 64 MiB. */
  readonly maxFileBytes?: number;
  /**
   * How many files of the service are kept in the folder, by the time they were last written; of another process that
   * lives none is counted nor removed. Containers cannot see each other's processes: each needs a folder of its own.
   * Default: 4.
   */
  readonly maxFiles?: number;
  /** How much may wait to be written, in bytes, before calls are left out of the recording. Default: 8 MiB. */
  readonly maxPendingBytes?: number;
  /** Is told where something could not be recorded. Default: nobody is. */
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** Everything a recording is made with; nothing is left to choose. */
export type ResolvedRecordingOptions = Required<RecordingOptions>;

/** @throws TypeError or RangeError that names the option */
export function resolveRecordingOptions(options: RecordingOptions): ResolvedRecordingOptions {
  const { folder, service, contracts } = options;
  if (!folder) throw new TypeError('folder: required, e.g. "recordings"');
  if (!/^[\w.-]+$/.test(service ?? "")) {
    throw new TypeError(`service: expected letters, digits and dashes, was ${JSON.stringify(service)}`);
  }
  if (!Array.isArray(contracts)) throw new TypeError("contracts: required, the definitions the server serves");
  const resolved: ResolvedRecordingOptions = {
    responses: false,
    hiddenMetadata: [],
    maxCallBytes: 256 * 1024,
    maxCallMessages: 1000,
    maxFileBytes: 64 * 1024 * 1024,
    maxFiles: 4,
    maxPendingBytes: 8 * 1024 * 1024,
    logger: silentLogger,
    clock: systemClock,
    ...options,
  };
  for (const name of ["maxCallBytes", "maxCallMessages", "maxFileBytes", "maxFiles", "maxPendingBytes"] as const) {
    if (!(resolved[name] > 0)) throw new RangeError(`${name}: must be above 0, was ${resolved[name]}`);
  }
  return resolved;
}
