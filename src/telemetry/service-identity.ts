/** Whom telemetry is from. */
export interface ServiceIdentity {
  /** `service.name` */
  readonly serviceName: string;
  /** `service.version` */
  readonly serviceVersion?: string;
  /** `service.instance.id` */
  readonly instanceId?: string;
}

/** @throws TypeError where there is no name */
export function checkIdentity(where: string, identity: ServiceIdentity): void {
  const name: unknown = identity?.serviceName;
  if (typeof name !== "string" || name === "") {
    throw new TypeError(
      `${where}: serviceName is ${JSON.stringify(name)}; expected the name of the service, e.g. "orders"`,
    );
  }
}
