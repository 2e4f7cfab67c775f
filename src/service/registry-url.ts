/** A registry as an operator writes it: `driver://user:password@host:port,host:port/path?option=value`. */
export interface RegistryUrl {
  /** Empty where the text does not begin with one. */
  readonly driver: string;
  /** As it may be shown: without user and password. In quotes. */
  readonly shown: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** What stands between the slashes, taken apart at the commas. */
  readonly hosts: readonly string[];
  /** With its first slash; empty where there is none. */
  readonly path: string;
  /** What follows the first colon, for drivers whose URLs have no hosts. Without the options. */
  readonly rest: string;
  readonly options: { readonly [name: string]: string };
}

const form =
  /^(?<driver>[a-z0-9+]+):(?<rest>(?:\/\/(?:(?<user>[^:@/?]*)(?::(?<password>[^@/?]*))?@)?(?<hosts>[^/@?]*)(?<path>\/[^?]*)?|[^?]*))(?:\?(?<options>.*))?$/;

/** @throws TypeError where user or password are not percent-encoded */
export function parseRegistryUrl(url: string): RegistryUrl {
  const shown = JSON.stringify(withoutPassword(url));
  const { driver = "", rest = "", user, password, hosts = "", path = "", options } = form.exec(url)?.groups ?? {};
  return {
    driver,
    shown,
    rest,
    user: user && decoded(user, shown),
    password: password && decoded(password, shown),
    hosts: hosts === "" ? [] : hosts.split(","),
    path: path.replace(/\/$/, ""),
    options: Object.fromEntries(new URLSearchParams(options)),
  };
}

function decoded(part: string, shown: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new TypeError(`registry ${shown}: user and password are percent-encoded, and one of them is not`, { cause });
  }
}

/** For messages and screens, which others see: nothing that stands before the last "@", but for the scheme. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z0-9+]+:\/\/)?.*@/s, "$1…@");
}
