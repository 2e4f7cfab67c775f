/** Who is alive, as a process sees it that follows many services. */
export interface Picture {
  /** Ids of those who could be picked for a service now. */
  ids(service: string): ReadonlySet<string>;
  /** Calls back after every change of a service. */
  onChange(listener: (service: string) => void): void;
  close(): Promise<void>;
}

/** Follows services in etcd. Resolves once all of them are known. */
export type Follow = (host: string, services: readonly string[]) => Promise<Picture>;

/** Where both sides, and whoever fills etcd, keep instances. */
export const prefix = "/hawser/instances";
