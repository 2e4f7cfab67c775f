import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Code } from "../../src/errors/errors.js";
import { EtcdConnection } from "../../src/registry/etcd/connection/connection.js";
import { etcdRegistry } from "../../src/registry/etcd/etcd.js";
import { type EtcdCredentials, type EtcdRegistryOptions, resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import { instance } from "../conformance/registry.js";
import { type Certificate, CertificateAuthority } from "../support/certificate-authority.js";
import { EtcdServer } from "../support/etcd.js";
import { Follower } from "./follower.js";

let authority: CertificateAuthority;
let stranger: CertificateAuthority;
let server: EtcdServer;
let known: Required<EtcdCredentials>;
/** The client's certificate by the one, the authority it trusts by the other. */
const credentials = (trusted: CertificateAuthority, own: Certificate): Required<EtcdCredentials> => ({
  rootCertificate: readFileSync(trusted.ca),
  certChain: readFileSync(own.cert),
  privateKey: readFileSync(own.key),
});

beforeAll(async () => {
  [authority, stranger] = await Promise.all([CertificateAuthority.make(), CertificateAuthority.make()]);
  server = await serverWith(await authority.sign("server"));
  known = credentials(authority, await authority.sign("client"));
});

afterAll(async () => {
  await Promise.all([server.stop(), authority.close(), stranger.close()]);
});

function serverWith(certificate: Certificate): Promise<EtcdServer> {
  return EtcdServer.start({ tls: { ca: authority.ca, ...certificate } });
}

/** What a request fails with. */
async function refusal(options: EtcdRegistryOptions): Promise<unknown> {
  const connection = new EtcdConnection(resolveEtcdOptions(options));
  const answer = connection.range({ key: Buffer.from("any") });
  return await answer.catch((error: unknown) => error).finally(() => connection.close());
}

const unavailable = (message: RegExp) => ({ code: Code.UNAVAILABLE, message: expect.stringMatching(message) });

describe("etcd behind TLS", () => {
  test("who shows the certificate it asks for registers and watches", async () => {
    const registry = etcdRegistry({ hosts: `https://${server.endpoint}`, credentials: known });
    const orders = new Follower(registry, "orders");
    await registry.register(instance("orders-1"));
    await orders.untilIds("orders-1");
    await registry.close();
  });

  test("register() gives up with the reason and the name of that etcd", async () => {
    const registry = etcdRegistry({
      hosts: `https://${server.endpoint}`,
      credentials: { rootCertificate: known.rootCertificate },
    });
    await expect(registry.register(instance("orders-1"), { timeoutMs: 1_000 })).rejects.toMatchObject(
      unavailable(new RegExp(`^${registry.name}: .*it wants to see a certificate`)),
    );
    await registry.close();
  });

  test("a handshake that fails says whose certificate it was, and what to do", async () => {
    const hosts = `https://${server.endpoint}`;
    const foreign = credentials(authority, await stranger.sign("client"));
    const expired = credentials(authority, await authority.sign("expired-client", { expired: true }));
    const distrusting = { ...known, rootCertificate: readFileSync(stranger.ca) };
    const refusals: [EtcdRegistryOptions, RegExp][] = [
      [{ hosts, credentials: distrusting }, /nobody trusted here has signed the certificate of etcd .*rootCertificate/],
      [{ hosts }, /nobody trusted here has signed the certificate of etcd/],
      [{ hosts, credentials: { rootCertificate: known.rootCertificate } }, /give credentials.certChain/],
      [{ hosts, credentials: foreign }, /refused the client's certificate .*check who has signed/],
      [
        { hosts, credentials: expired },
        /refused the client's certificate, which has expired on Jan {2}1 .* 2021 .*renew/,
      ],
      [{ hosts: server.endpoint }, /it hangs up .*give https:\/\/host:port/],
    ];
    for (const [options, message] of refusals) expect(await refusal(options)).toMatchObject(unavailable(message));
  });

  test("so does one with an etcd whose certificate has expired, or is for another name", async () => {
    const certificates: [Certificate, RegExp][] = [
      [await authority.sign("expired-server", { expired: true }), /certificate of etcd has expired .*renew it there/],
      [
        await authority.sign("elsewhere", { san: "DNS:elsewhere.test" }),
        /certificate of etcd is for another name .*check hosts/,
      ],
    ];
    for (const [certificate, message] of certificates) {
      const bad = await serverWith(certificate);
      expect(await refusal({ hosts: `https://${bad.endpoint}`, credentials: known })).toMatchObject(
        unavailable(message),
      );
      await bad.stop();
    }
  });

  test("an etcd that does not speak TLS is told by that", async () => {
    const plain = await EtcdServer.start();
    const options = { hosts: `https://${plain.endpoint}`, credentials: known };
    expect(await refusal(options)).toMatchObject(unavailable(/does not speak TLS .*leave out https:/));
    await plain.stop();
  });

  test("credentials that are of no use are refused by the factory", () => {
    const refused = (given: EtcdCredentials, message: RegExp) =>
      expect(() => etcdRegistry({ hosts: "https://a:1", credentials: given })).toThrow(message);
    refused({ rootCertificate: Buffer.from("no PEM") }, /credentials cannot be used .*expected PEM/);
    refused({ ...known, privateKey: Buffer.from("no PEM") }, /credentials cannot be used/);
    refused({ rootCertificate: known.rootCertificate, certChain: known.certChain! }, /give both or neither/);
  });
});
