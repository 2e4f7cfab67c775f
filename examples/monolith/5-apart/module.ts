import type { RequestOf, ResponseOf, ServiceDefinition } from "hawser/contract";

/** A module seen through its contract: one message in, a promise of one message out. */
export type Module<D extends ServiceDefinition> = {
  readonly [Name in keyof D["methods"]]: (
    request: RequestOf<D["methods"][Name]>,
  ) => Promise<ResponseOf<D["methods"][Name]>>;
};
