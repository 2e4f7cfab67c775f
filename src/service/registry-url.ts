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

/** Where an "@" is in no doubt: behind user and password, once; wherever one likes in what has no hosts. */
const unmistakable = /^(?:[^@]*|[a-z0-9+]+:\/\/[^@/?]*@[^@]*|[a-z0-9+]+:(?!\/\/).*)$/s;

/** @throws TypeError where user or password are not percent-encoded, and where an option is given twice */
export function parseRegistryUrl(url: string): RegistryUrl {
  const shown = JSON.stringify(withoutPassword(url));
  // Whatever is taken apart wrongly now might be shown later.
  if (!unmistakable.test(url)) throw notEncoded(shown);
  const { driver = "", rest = "", user, password, hosts = "", path = "", options } = form.exec(url)?.groups ?? {};
  return {
    driver,
    shown,
    rest,
    user: user && decoded(user, shown),
    password: password && decoded(password, shown),
    hosts: hosts === "" ? [] : hosts.split(","),
    path: path.replace(/\/$/, ""),
    options: optionsOf(options, shown),
  };
}

function decoded(part: string, shown: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw notEncoded(shown, { cause });
  }
}

function notEncoded(shown: string, options?: ErrorOptions): TypeError {
  return new TypeError(`registry ${shown}: user and password are percent-encoded, and one of them is not`, options);
}

/** Of two, a person would believe in one and the driver in the other. */
function optionsOf(text: string | undefined, shown: string): RegistryUrl["options"] {
  const given = [...new URLSearchParams(text)];
  const names = given.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new TypeError(`registry ${shown}: option "${twice}" is given twice`);
  return Object.fromEntries(given);
}

/** For messages and screens, which others see: nothing that stands before the last "@", but for the scheme. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z0-9+]+:\/\/)?.*@/s, "$1…@");
}

/** The same of several with a space between, which are one registry: each as it may be shown. */
export function withoutPasswords(urls: string): string {
  return urls.trim().split(/\s+/).map(withoutPassword).join(" ");
}
