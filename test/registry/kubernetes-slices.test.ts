import { describe, expect, test } from "vitest";
import type { Instance } from "../../src/contract/contract.js";
import { joined } from "../../src/registry/kubernetes/joined.js";
import { readSlice } from "../../src/registry/kubernetes/slice.js";
import { pod, slice } from "../support/endpoint-slices.js";

const read = { service: "orders", portName: undefined, scheme: "grpc" };

function instancesOf(...slices: readonly unknown[]): readonly Instance[] {
  return joined(slices.map((each) => readSlice(each, read)));
}

const brief = (instances: readonly Instance[]) =>
  instances.map(({ id, state, endpoints }) => `${id} ${state} ${endpoints.join(" ")}`);

describe("what a slice says of a pod", () => {
  test("everything that is known of it", () => {
    const labels = { "app.kubernetes.io/version": "2.1.0" };
    expect(instancesOf(slice("orders-a", [pod("orders-7d9f-x2x", "10.0.0.1")], { labels }))).toEqual([
      {
        id: "orders-7d9f-x2x",
        service: "orders",
        version: "2.1.0",
        endpoints: ["grpc://10.0.0.1:50051"],
        contracts: [],
        metadata: {
          "k8s.namespace.name": "default",
          "k8s.node.name": "node-1",
          "k8s.pod.uid": "uid-of-orders-7d9f-x2x",
        },
        weight: 100,
        zone: "eu-west-1a",
        state: "serving",
        startedAt: new Date(0),
      },
    ]);
  });

  test.each([
    [{ ready: true, serving: true, terminating: false }, "serving"],
    [{ ready: true }, "serving"],
    [{ ready: null }, "serving"],
    [{}, "serving"],
    [{ ready: false, serving: true, terminating: true }, "draining"],
    [{ ready: false, serving: false, terminating: true }, "draining"],
    [{ ready: true, serving: true, terminating: true }, "draining"],
    [{ ready: false, serving: false, terminating: false }, undefined],
    [{ ready: false }, undefined],
  ])("conditions %j: it is %s", (conditions, state) => {
    expect(instancesOf(slice("orders-a", [pod("orders-1", "10.0.0.1", { conditions })]))[0]?.state).toBe(state);
  });

  test("what is no pod is called by its address", () => {
    const external = { addresses: ["192.0.2.7"], conditions: { ready: true } };
    expect(brief(instancesOf(slice("orders-a", [external])))).toEqual([
      "192.0.2.7:50051 serving grpc://192.0.2.7:50051",
    ]);
  });

  test("of several addresses the first counts, since any of them leads there", () => {
    const several = pod("orders-1", "", { addresses: ["10.0.0.1", "10.0.0.2"] });
    expect(instancesOf(slice("orders-a", [several]))[0]!.endpoints).toEqual(["grpc://10.0.0.1:50051"]);
  });

  test.each([
    [
      "the port named grpc",
      undefined,
      [
        { name: "http", port: 80 },
        { name: "grpc", port: 7_000 },
      ],
      7_000,
    ],
    ["the only port", undefined, [{ name: "web", port: 80, protocol: "TCP" }], 80],
    ["the only port without a name", undefined, [{ port: 80 }], 80],
    [
      "the only port of TCP",
      undefined,
      [
        { name: "dns", port: 53, protocol: "UDP" },
        { name: "x", port: 80 },
      ],
      80,
    ],
    [
      "the port that was named",
      "rpc",
      [
        { name: "grpc", port: 7_000 },
        { name: "rpc", port: 7_001 },
      ],
      7_001,
    ],
    [
      "none of two",
      undefined,
      [
        { name: "a", port: 1 },
        { name: "b", port: 2 },
      ],
      /TCP ports are "a", "b"; name the one/,
    ],
    ["none of another name", "rpc", [{ name: "grpc", port: 7_000 }], /TCP ports are "grpc"; portName is "rpc"/],
    ["none where there is none", undefined, [], /TCP ports are none/],
    ["none where none is said", undefined, null, /TCP ports are none/],
    ["none that is every port", undefined, [{ name: "grpc", port: null }], /port is null/],
    ["none that cannot be", undefined, [{ name: "grpc", port: 70_000 }], /port is 70000/],
  ])("%s is called", (_which, portName, ports, expected) => {
    const { members, leftOut } = readSlice(slice("orders-a", [pod("o", "10.0.0.1")], { ports }), { ...read, portName });
    if (expected instanceof RegExp) {
      expect(members).toEqual([]);
      expect(leftOut).toEqual([expect.stringMatching(expected)]);
    } else {
      expect(members.map(({ instance }) => instance.endpoints)).toEqual([[`grpc://10.0.0.1:${expected}`]]);
    }
  });
});

describe("a service is spread over its slices", () => {
  test("a pod with an address of each family is one instance", () => {
    const four = slice("orders-4", [pod("orders-1", "10.0.0.1")]);
    const six = slice("orders-6", [pod("orders-1", "fd00::1")], { addressType: "IPv6" });
    const expected = ["orders-1 serving grpc://10.0.0.1:50051 grpc://[fd00::1]:50051"];
    expect(brief(instancesOf(four, six))).toEqual(expected);
    expect(brief(instancesOf(six, four))).toEqual(expected);
  });

  test("a pod that is being moved from one slice to another counts once", () => {
    const [from, to] = ["a", "b"].map((each) => slice(each, [pod("orders-1", "10.0.0.1")]));
    expect(brief(instancesOf(from, to))).toEqual(["orders-1 serving grpc://10.0.0.1:50051"]);
  });

  test("a pod that one slice calls ready and the other not yet is there", () => {
    const late = slice("a", [pod("orders-1", "10.0.0.1", { conditions: { ready: false } })]);
    expect(brief(instancesOf(late, slice("b", [pod("orders-1", "10.0.0.1")])))).toHaveLength(1);
  });

  test("a pod drains as soon as one slice says so", () => {
    const four = slice("a", [pod("orders-1", "10.0.0.1", { conditions: { ready: false, terminating: true } })]);
    const six = slice("b", [pod("orders-1", "fd00::1")], { addressType: "IPv6" });
    for (const order of [
      [four, six],
      [six, four],
    ])
      expect(instancesOf(...order).map(({ state }) => state)).toEqual(["draining"]);
  });

  test("of two pods of a StatefulSet that have the same name, the new one counts, not the one that ends", () => {
    const terminating = { ready: false, serving: true, terminating: true };
    const old = slice("a", [pod("orders-0", "10.0.0.1", { uid: "old", conditions: terminating })]);
    const young = slice("b", [pod("orders-0", "10.0.0.2", { uid: "young" })]);
    for (const order of [
      [old, young],
      [young, old],
    ]) {
      expect(brief(instancesOf(...order))).toEqual(["orders-0 serving grpc://10.0.0.2:50051"]);
    }
  });
});

describe("slices that make no sense", () => {
  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a number", 7],
    ["a list", []],
    ["no metadata", { endpoints: [pod("orders-1", "10.0.0.1")] }],
    ["no endpoints", { metadata: { name: "a" }, addressType: "IPv4", ports: [{ port: 1 }] }],
    ["endpoints null", slice("a", [], { endpoints: null, ports: null })],
    ["endpoints that are no list", slice("a", [], { endpoints: { length: 3 } })],
    ["endpoints that are none", slice("a", [], { endpoints: [null, 7, "x", [], {}] })],
    ["addresses null", slice("a", [{ addresses: null }])],
    ["addresses that are none", slice("a", [{ addresses: ["10.0.0.1:80/x"] }, { addresses: ["::1"] }])],
    ["addresses of a kind that is not known", slice("a", [pod("orders-1", "10.0.0.1")], { addressType: "IPX" })],
    ["a pod whose name is none", slice("a", [pod("a/b c", "10.0.0.1")])],
  ])("%s: nobody is there, and nothing breaks", (_what, object) => {
    expect(instancesOf(object)).toEqual([]);
  });

  test("one that makes no sense does not take the others with it, and the message says which", () => {
    const { members, leftOut } = readSlice(
      slice("orders-a", [pod("orders-1", "10.0.0.1"), pod("orders-2", "10.0.0.999"), pod("orders-3", "10.0.0.3")]),
      read,
    );
    expect(members.map(({ instance }) => instance.id)).toEqual(["orders-1", "orders-3"]);
    expect(leftOut).toEqual(['endpointslice orders-a, endpoint 1: address is "10.0.0.999", of type "IPv4"']);
  });

  test("names that mean something to JavaScript mean nothing here", () => {
    const text = JSON.stringify(slice("__proto__", [pod("constructor", "10.0.0.1", { zone: "__proto__" })]));
    const object = JSON.parse(text.replace('"labels":{', '"labels":{"__proto__":{"polluted":"yes"},'));
    expect(instancesOf(object)).toMatchObject([{ id: "constructor", zone: "__proto__" }]);
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
  });
});
