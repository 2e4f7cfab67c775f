import { checkServiceName } from "../instance-message.js";

/** Labels of up to 63 characters; underscores stand in names of services. A last dot does no harm. */
export const questionPattern: RegExp = /^(?=.{1,254}$)([A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?$/;

/**
 * The name that is asked for.
 *
 * @param template with `{service}` and `{domain}` in it
 * @throws TypeError where DNS can have no such name
 */
export function questionOf(service: string, template: string, domain: string): string {
  checkServiceName(service);
  const name = template.replaceAll("{service}", service).replaceAll("{domain}", domain).replace(/\.+$/, "");
  if (questionPattern.test(name)) return name;
  throw new TypeError(`service ${JSON.stringify(service)}: ${JSON.stringify(name)} can be no name in DNS`);
}
