import { describe, expect, test } from "vitest";
import { onLink } from "../../src/registry/mdns/on-link.js";

const network = (cidr: string, family: "IPv4" | "IPv6" = "IPv4") => ({
  address: cidr.split("/")[0] as string,
  netmask: "",
  mac: "",
  internal: false,
  cidr,
  ...(family === "IPv4" ? { family } : { family, scopeid: 0 }),
});

describe("who is on the link", () => {
  test("is who has an address in a network of this machine", () => {
    const near = onLink(() => ({
      lo: [network("127.0.0.1/8"), network("::1/128", "IPv6")],
      eth0: [network("192.168.1.7/24")],
      down: undefined,
    }));
    for (const address of ["127.0.0.1", "127.9.9.9", "192.168.1.200"]) expect(near(address), address).toBe(true);
    for (const address of ["192.168.2.1", "8.8.8.8", "::1", "nonsense", ""]) expect(near(address), address).toBe(false);
  });

  test("changes when the machine comes to another network", () => {
    let cidr = "192.168.1.7/24";
    const near = onLink(() => ({ wlan0: [network(cidr)] }));
    expect(near("10.1.2.3")).toBe(false);
    cidr = "10.1.0.1/16";
    expect(near("10.1.2.3")).toBe(true);
  });

  test("is, on this machine, at least itself", () => {
    expect(onLink()("127.0.0.1")).toBe(true);
  });
});
