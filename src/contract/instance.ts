import { randomBytes } from "node:crypto";

export type InstanceState = "starting" | "serving" | "draining";

/** One running copy of a service: what a registry stores and a selector chooses from. */
export interface Instance {
  /** Unique among all instances, for the life of the process. */
  readonly id: string;
  readonly service: string;
  readonly version: string;
  /** Where it listens, by protocol: `grpc://10.0.0.7:50051`, `grpcs://…`, `memory://…`. */
  readonly endpoints: readonly string[];
  /** Full names of the contracts it serves. */
  readonly contracts: readonly string[];
  readonly metadata: { readonly [key: string]: string };
  /** Share of the load relative to the others. 100 is the usual. */
  readonly weight: number;
  /** Where it runs, for people and for selectors that care. Empty where nobody said. */
  readonly zone: string;
  readonly state: InstanceState;
  readonly startedAt: Date;
}

/** `orders-3f9c1a07b2d4`: the service and 48 random bits. */
export function newInstanceId(service: string): string {
  return `${service}-${randomBytes(6).toString("hex")}`;
}
