import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultTransport } from "../../src/service/service.js";
import { etcdBackend } from "./backends.js";
import { apart, byRun, byStart, byUp, type Day, inOneProcess, type Mode } from "./modes.js";
import { asStated } from "./observed.js";

/** All at once, for processes take their time to come; the days themselves follow each other. */
const modes: { readonly [name: string]: Promise<Mode> } = {
  "in one process": inOneProcess(),
  "apart, found by a registry": apart(),
  "by `hawser run`": byRun(),
  "by `hawser start`, two in a process": byStart(),
  "by `hawser up`": byUp(),
  "by `hawser up`, with etcd": byUp(etcdBackend),
};
const days: { [name: string]: Day } = {};

beforeAll(async () => {
  for (const [name, mode] of Object.entries(modes)) days[name] = await (await mode).day();
}, 120_000);
afterAll(async () => {
  const begun = await Promise.allSettled(Object.values(modes));
  for (const mode of begun) if (mode.status === "fulfilled") await mode.value.close();
});

const one = (): Day => days["in one process"] as Day;

describe.each(Object.keys(modes))("an app %s", (name) => {
  const day = (): Day => days[name] as Day;

  it("gives the same answers, errors and metadata", () => {
    expect(comparable(day().transcript)).toEqual(comparable(one().transcript));
  });

  it("holds a writer back whose reader is slow", () => {
    const step = day().transcript["a slow reader holds the writer back, through all"];
    expect(step).toEqual({ heldBack: true, read: 400, finally: "ended" });
  });

  it("leaves the same traces, each service under its own name", () => {
    expect([...day().services].sort()).toEqual(["back 1.0.0", "driver", "front 1.0.0", "middle 1.0.0"]);
    expect(day().traces).toEqual(one().traces);
  });

  it("measures the same calls", () => {
    expect(day().metrics).toEqual(one().metrics);
  });
});

describe("what is different, as docs/modes.md says", () => {
  const places: { readonly [name: string]: (edge: string) => string } = {
    "in one process": () => "local",
    "by `hawser run`": (edge) => (edge === "driver -> front" ? "remote" : "local"),
    "by `hawser start`, two in a process": (edge) => (edge === "middle -> back" ? "local" : "remote"),
  };

  it.each(Object.keys(modes))("is where calls go: %s", (name) => {
    const edges = ["driver -> front", "front -> middle", "middle -> back"];
    const place = places[name] ?? (() => "remote");
    expect([...(days[name] as Day).roads].sort()).toEqual(edges.map((edge) => `${edge}: ${place(edge)}`));
  });

  it.each(Object.keys(modes))("are the words for a message that is too large: %s", (name) => {
    const { request, response } = (days[name] as Day).transcript[
      "a large message goes all the way, and one that is too large does not"
    ] as { readonly [part: string]: { readonly code: string; readonly message: string } };
    const local = /^hawser\.test\.v1\.EchoService\/Unary: the message has \d+ bytes, and 4194304 may be received$/;
    const remote = /Received message larger than max \(\d+ vs 4194304\)$/;
    const place = places[name] ?? (() => "remote");
    expect([request?.code, response?.code]).toEqual(["RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"]);
    expect(request?.message).toMatch(place("driver -> front") === "local" ? local : remote);
    expect(response?.message).toMatch(place("middle -> back") === "local" ? local : remote);
  });

  it.each(Object.keys(modes))("is whether grpc-js joins what a trailer says twice: %s", (name) => {
    const { trailer } = (days[name] as Day).transcript["a key that is said twice in a trailer"] as {
      readonly trailer: { readonly [key: string]: readonly string[] };
    };
    const joined = name !== "in one process" && defaultTransport().name === "grpc-js";
    expect(trailer["x-trailer"]).toEqual(joined ? ["a, b"] : ["a", "b"]);
  });
});

/** But for what `docs/modes.md` says is different. */
function comparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, each) => {
    if (key === "message") return asStated(each);
    if (each?.code === "DEADLINE_EXCEEDED") return { ...each, remote: "either" };
    return key === "x-trailer" ? each.join(", ") : each;
  });
}
