import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { EtcdCredentials } from "../registry/etcd/etcd.js";
import type { RegistryUrl } from "./registry-url.js";

/** The options that name files, PEM. */
export const tlsOptions = ["ca", "cert", "key"] as const;

type Tls = { readonly [Name in (typeof tlsOptions)[number]]?: Buffer };

/** Undefined where no file is named. @throws TypeError where one cannot be read, or what they hold is of no use */
export function tlsOf(options: RegistryUrl["options"]): Tls | undefined {
  const files = tlsOptions.flatMap((name) => {
    const file = options[name];
    return file === undefined ? [] : [[name, read(name, file)]];
  });
  if (files.length === 0) return undefined;
  const tls: Tls = Object.fromEntries(files);
  check(tls);
  return tls;
}

/** As etcd3 calls them. */
export function credentialsOf(options: RegistryUrl["options"]): EtcdCredentials | undefined {
  const tls = tlsOf(options);
  if (tls === undefined) return undefined;
  const { ca, cert, key } = tls;
  return { ...(ca && { rootCertificate: ca }), ...(cert && { certChain: cert }), ...(key && { privateKey: key }) };
}

function check(tls: Tls): void {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new TypeError("cert and key belong together; give both or neither");
  }
  try {
    createSecureContext(tls);
    // What is no certificate at all is an authority that nobody has signed with, for OpenSSL.
    if (tls.ca !== undefined) new X509Certificate(tls.ca);
  } catch (cause) {
    throw new TypeError(`${Object.keys(tls).join(", ")} cannot be used (${reasonOf(cause)}); expected PEM`, { cause });
  }
}

function read(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new TypeError(`${name} cannot be read (${reasonOf(cause)})`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
