import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hawser } from "./support/command.js";
import { Project, talk } from "./support/project.js";

let project: Project;
let app: string;
beforeAll(async () => {
  project = await Project.make();
  app = await project.app(talk);
});
afterAll(() => project[Symbol.asyncDispose]());

describe("hawser outline", () => {
  it("lists the services, what they need and how they are divided", async () => {
    const { code, out, err } = await hawser(["outline", app, "--replicas", "words=2"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["SERVICE", "VERSION", "CONTRACTS", "NEEDS", "PROCESS"],
      ["words", "0.0.0", "greeter.v1.GreeterService", "-", "words x 2"],
      ["front", "0.0.0", "greeter.v1.GreeterService", "words", "front"],
      [""],
    ]);
  });

  it("tells the same to programs", async () => {
    const { out } = await hawser(["outline", app, "--json", "--group", "both=front,words"]);
    expect(JSON.parse(out)).toEqual({
      name: "talk",
      file: app,
      services: [
        { name: "words", version: "0.0.0", contracts: ["greeter.v1.GreeterService"], needs: [], external: [] },
        { name: "front", version: "0.0.0", contracts: ["greeter.v1.GreeterService"], needs: ["words"], external: [] },
      ],
      processes: [{ name: "both", services: ["front", "words"], replicas: 1, after: [] }],
    });
  });

  it("asks for no values where nothing is to be started", async () => {
    expect((await hawser(["outline", app, "--set", "words.times=many"])).code).toBe(0);
  });

  it.each([
    [
      "--set words.times=many",
      78,
      'words.times = "many" (flag --set words.times): Invalid input: expected number, received string; change it there',
    ],
    ["--address words=here", 2, '--address words=here: address "here": expected scheme://host:port'],
    ["--place front.words=afar", 2, "--place front.words=afar: expected service.need=auto, local or remote"],
    ["--registry nacos://a", 2, 'registry "nacos://a": unknown driver'],
    ["--group both=front", 0, ""],
  ])("says with --check whether it could start: %s", async (args, code, line) => {
    const checked = await hawser(["outline", app, "--check", ...args.split(" ")]);
    expect(checked).toMatchObject({ code, err: line && expect.stringContaining(`hawser: ${line}`) });
  });

  it("has its say in the values of this environment", async () => {
    const env = { HAWSER_CONFIG_WORDS__TIMES: "many" };
    const { code, err } = await hawser(["outline", app, "--check"], { env });
    expect({ code, err }).toEqual({ code: 78, err: expect.stringContaining("environment HAWSER_CONFIG_WORDS__TIMES") });
  });
});
