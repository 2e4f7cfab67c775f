import { checkServiceName } from "../instance-message.js";

/** RFC 1123. */
export const namespacePattern: RegExp = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** The value of a label. */
export const labelPattern: RegExp = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Where Kubernetes keeps a service. */
export interface ServiceAddress {
  readonly name: string;
  readonly namespace: string;
}

/**
 * `orders` is the Service of that name in `home`, `orders.prod` the one in the namespace `prod`.
 *
 * @throws TypeError where Kubernetes cannot have a service of this name
 */
export function serviceAddress(service: string, home: string): ServiceAddress {
  checkServiceName(service);
  const [name = "", ...rest] = service.split(".");
  const namespace = rest.length === 0 ? home : rest.join(".");
  if (labelPattern.test(name) && namespacePattern.test(namespace)) return { name, namespace };
  throw new TypeError(
    `service ${JSON.stringify(service)}: Kubernetes can have none of that name; expected the name of a Service, or name.namespace`,
  );
}
