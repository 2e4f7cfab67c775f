import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultTransportName } from "../../src/service/open-transport.js";
import { FakeSupervisor } from "../support/fake-supervisor.js";
import { hawser } from "./support/command.js";
import { talk } from "./support/project.js";
import type { RealCommand } from "./support/real-command.js";
import { User } from "./support/running-app.js";
import { Workplace } from "./support/workplace.js";

/** The one that is not the default. */
const other = defaultTransportName === "http2" ? "grpc-js" : "http2";

describe("HAWSER_TRANSPORT", () => {
  const refused = {
    code: 2,
    out: "",
    err: 'hawser: HAWSER_TRANSPORT: expected http2 or grpc-js, was "quic"\n',
  };
  const env = { HAWSER_TRANSPORT: "quic" };

  it.each([
    ["call", "127.0.0.1:1", "Say"],
    ["health", "127.0.0.1:1"],
    ["registry", "--address", "127.0.0.1:0"],
    ["start", "examples/shop", "orders"],
    ["run", "examples/shop", "--listen"],
    ["up", "examples/shop"],
  ])("that names none is a mistake, told before anything is done: hawser %s", async (...args) => {
    expect(await hawser(args, { env })).toEqual(refused);
  });

  it("that names none is told by verbs that ask a running app, too", async () => {
    const user = new User();
    try {
      await user.up("shop", new FakeSupervisor());
      expect(await user.run(["stop", "--all"], { env: { ...user.env, ...env } })).toEqual(refused);
    } finally {
      await user.leave();
    }
  });
});

describe(`an app under HAWSER_TRANSPORT=${other} hawser up`, () => {
  let place: Workplace;
  let up: RealCommand;

  beforeAll(async () => {
    place = await Workplace.make();
    const app = await place.project.app(talk);
    up = await place.start(["up", app], /^talk: ready after /m, { HAWSER_TRANSPORT: other });
  });
  afterAll(() => place[Symbol.asyncDispose]());

  it("serves by that transport in every process", () => {
    const serving = up.out.split("\n").filter((line) => line.includes(" serving "));
    expect(serving.map((line) => /^\S+|transport=\S+/g[Symbol.match](line)?.join(" ")).sort()).toEqual([
      `front-1 transport=memory+${other}`,
      `words-1 transport=memory+${other}`,
    ]);
  });

  it(`is found, called and asked how it is by commands that go by ${defaultTransportName}`, async () => {
    expect(await place.sayHello()).toBe("Hello Ada");
    expect((await place.hawser("list", "--json")).out).toContain('"name":"words"');
    expect(await place.hawser("health", "front", "words")).toMatchObject({ code: 0 });
    expect(Object.keys(await place.processes()).sort()).toEqual(["front-1", "words-1"]);
  });

  it("ends as any other", async () => {
    expect(await place.hawser("stop", "--all")).toMatchObject({ code: 0, err: "" });
    expect((await up.ended).code).toBe(0);
    place.expectNothingLeft();
  });
});
