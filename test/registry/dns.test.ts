import type { Answer } from "dns-packet";
import type { Instance } from "../../src/contract/contract.js";
import { dnsRegistry } from "../../src/registry/dns/dns.js";
import { type RegistryBackend, registrySuite } from "../conformance/registry.js";
import { a, DnsServer, srv } from "../support/dns-server.js";

const capabilities = { register: false, lease: false, watch: "poll", distributed: true } as const;

/** Short, since time is real here: nothing is waited for but the next question. */
const often = { minRefreshMs: 20, maxRefreshMs: 50 };

const skip = {
  "list() sums up every service by name": "name servers do not say which names they know",
  "any number may list at once, and nobody is warned of it": "name servers do not say which names they know",
  "list() rejects and names the backend": "name servers do not say which names they know",
};

const unreachable = {
  open: () => dnsRegistry({ servers: ["127.0.0.1:1"], domain: "test", timeoutMs: 50 }),
  named: "dns://127.0.0.1:1/test",
};

/** What every instance looks like of which a name server knows only where it is. */
const plain = { version: "", contracts: [], metadata: {}, zone: "", state: "serving", startedAt: new Date(0) } as const;

registrySuite({
  name: "dns (SRV)",
  capabilities,
  skip,
  unreachable,
  make: async (monitor) => {
    const server = await DnsServer.start();
    const host = ({ id }: Instance) => `${id}.hosts.test`;
    return {
      open: () => dnsRegistry({ servers: [server.address], domain: "test", monitor, ...often }),
      close: () => server.close(),
      enter: (entered) => {
        server.set("A", host(entered), [a(host(entered), "10.0.0.1")]);
        const name = `_grpc._tcp.${entered.service}.test`;
        return enter(server, "SRV", name, entered, ({ weight }) => srv(name, host(entered), { weight }));
      },
      seenAs: (instance) => ({
        ...plain,
        id: `${host(instance)}:50051`,
        service: instance.service,
        endpoints: ["grpc://10.0.0.1:50051"],
        weight: instance.weight,
      }),
    };
  },
});

registrySuite({
  name: "dns (A)",
  capabilities,
  skip,
  unreachable,
  make: async (monitor) => {
    const server = await DnsServer.start();
    /** Ids that differ in their last character, in the same order. */
    const address = ({ id }: Instance) => `10.0.0.${id.charCodeAt(id.length - 1)}`;
    return {
      open: () => dnsRegistry({ servers: [server.address], domain: "test", port: 7_000, monitor, ...often }),
      close: () => server.close(),
      enter: (entered) => {
        const name = `${entered.service}.test`;
        return enter(server, "A", name, entered, () => a(name, address(entered)));
      },
      seenAs: (instance) => ({
        ...plain,
        id: `${address(instance)}:7000`,
        service: instance.service,
        endpoints: [`grpc://${address(instance)}:7000`],
        weight: 100,
      }),
    };
  },
});

/** Adds a record to those of a name. */
async function enter(
  server: DnsServer,
  type: "A" | "SRV",
  name: string,
  entered: Instance,
  recordOf: (instance: Instance) => Answer,
): ReturnType<NonNullable<RegistryBackend["enter"]>> {
  let record = recordOf(entered);
  const replaceBy = (records: readonly Answer[]) => {
    server.set(type, name, [...server.records(type, name).filter((each) => each !== record), ...records]);
  };
  replaceBy([record]);
  return {
    update: async (changed) => {
      const next = recordOf(changed);
      replaceBy([next]);
      record = next;
    },
    close: async () => replaceBy([]),
  };
}
