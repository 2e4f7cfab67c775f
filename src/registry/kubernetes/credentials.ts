import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Clock } from "../../time/time.js";
import { mountedReader } from "./service-account.js";

type Pem = Buffer | string;

export interface KubernetesCredentials {
  /**
   * Bearer token; a function is asked for it once a minute, and when the server has refused the last, and may take
   * `requestTimeoutMs`. Default: none.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** PEM of the authorities to trust. Default: the system's. */
  readonly ca?: Pem;
  /** PEM of a client certificate and its key, where the server knows people by those. Default: none. */
  readonly cert?: Pem;
  readonly key?: Pem;
}

/** How this client shows who it is, and whom it trusts. */
export interface Credentials {
  readonly hasToken: boolean;
  token(): Promise<string | undefined>;
  ca(): Promise<Pem | undefined>;
  /** The server has refused the token, or it has not come: the next is read anew. */
  forget(): void;
  readonly certificate: { readonly cert: Pem; readonly key: Pem } | undefined;
}

/** What was given as options. */
export function givenCredentials({ token, ca, cert, key }: KubernetesCredentials, clock: Clock): Credentials {
  const cached = token === undefined ? undefined : new Cached(typeof token === "string" ? () => token : token, clock);
  return {
    hasToken: cached !== undefined,
    token: async () => cached && checkToken(await cached.get()),
    ca: async () => ca,
    forget: () => cached?.forget(),
    certificate: cert === undefined || key === undefined ? undefined : { cert, key },
  };
}

/** What Kubernetes mounts into a pod, where nothing else is given. The kubelet replaces token and authorities as they age. */
export function mountedCredentials(folder: string, given: KubernetesCredentials, clock: Clock): Credentials {
  const credentials = givenCredentials({ ...given, token: given.token ?? mountedReader(folder, "token") }, clock);
  const authorities = new Cached(mountedReader(folder, "ca.crt"), clock);
  return given.ca === undefined ? { ...credentials, ca: () => authorities.get() } : credentials;
}

/**
 * What can be said of them at once. Messages do not show what is secret.
 *
 * @throws TypeError
 */
export function checkCredentials({ token, ca, cert, key }: KubernetesCredentials): void {
  if (token !== undefined && typeof token !== "function" && !isToken(token)) {
    throw new TypeError(`kubernetesRegistry: token is not one; ${tokens}`);
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError("kubernetesRegistry: cert and key belong together; give both or none");
  }
  try {
    createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
    // What is no certificate at all is an authority that nobody has signed with, for OpenSSL; what is empty is not there.
    for (const each of [ca, cert]) if (each !== undefined) new X509Certificate(each);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new TypeError(`kubernetesRegistry: ca, cert or key cannot be used (${reason}); expected PEM`, { cause });
  }
}

const tokens = "a token is printable ASCII without spaces, and not empty";

/** A header cannot carry everything. */
function isToken(token: unknown): boolean {
  return typeof token === "string" && /^[!-~]+$/.test(token);
}

function checkToken(token: string): string {
  if (isToken(token)) return token;
  throw new TypeError(tokens);
}

/** As often as client-go reads a mounted token. */
const freshMs = 60_000;

/** Something that changes now and then, and takes a while to get. */
class Cached<T> {
  readonly #read: () => T | Promise<T>;
  readonly #clock: Clock;
  #value: Promise<T> | undefined;
  #readAt = 0;

  constructor(read: () => T | Promise<T>, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  get(): Promise<T> {
    if (this.#value === undefined || this.#clock.now() - this.#readAt >= freshMs) {
      this.#readAt = this.#clock.now();
      this.#value = this.#readNow();
    }
    return this.#value;
  }

  forget(): void {
    this.#value = undefined;
  }

  async #readNow(): Promise<T> {
    try {
      return await this.#read();
    } catch (error) {
      this.forget();
      throw error;
    }
  }
}
