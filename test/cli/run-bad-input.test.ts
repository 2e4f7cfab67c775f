import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { hawser } from "./support/command.js";
import { Project, talk } from "./support/project.js";
import { Shell } from "./support/real-command.js";

vi.setConfig({ testTimeout: 60_000 });

let shell: Shell;
let project: Project;
beforeAll(async () => {
  shell = await Shell.open();
  project = await Project.make();
});
afterAll(async () => {
  try {
    expect(shell.remains).toEqual({ alive: [], left: [] });
  } finally {
    await shell[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  }
});

let count = 0;

/** Runs a verb on an app file with this in it. */
async function given(source: string, verb: string, args: readonly string[] = [], kind = "mjs") {
  count += 1;
  const name = `app-${count}.${kind}`;
  await project.app(source, name);
  const { code, out, err } = await shell.run([verb, name, ...args], { cwd: project.folder });
  return { code, out, err: err.replaceAll(name, `app.${kind}`) };
}

const a = 'defineService({ name: "a", contract: GreeterServiceDefinition, setup: () => says("Hi") })';

describe.concurrent("an app that cannot be", () => {
  it.each<readonly [what: string, source: string, line: string]>([
    [
      "exports none",
      "export const shop = 1;",
      "app.ts exports no app (it exports shop); write: export default defineApp({ … })",
    ],
    ["is no TypeScript", "const a = ;", 'app.ts:5:10: Unexpected ";"'],
    ["imports what is not there", 'import "./b.js";', "app.ts:5: Cannot find module 'b.js'"],
    [
      "has two services of one name",
      `export default defineApp({ services: [${a}, ${a}] });`,
      "app.ts:5: app: two services are called a; give one of them another name",
    ],
    [
      "has a need that nobody provides",
      'export default defineApp({ services: [defineService({ name: "a", needs: { b: GreeterServiceDefinition }, setup() {} })] });',
      'app.ts:5: a needs "b", and no service of the app is called so (there are: a); where it runs elsewhere say { contract, external: true }',
    ],
    [
      "has services that need each other",
      `const each = (name, other) => defineService({ name, contract: GreeterServiceDefinition, needs: { [other]: GreeterServiceDefinition }, setup: () => says(name) });
export default defineApp({ services: [each("a", "b"), each("b", "a")] });`,
      "app.ts:6: app: services need each other in a cycle: a -> b -> a; one of them must go without",
    ],
    [
      "gives handlers that do not fit",
      'export default defineApp({ services: [defineService({ name: "a", contract: GreeterServiceDefinition, setup: () => ({}) })] });',
      "a: setup gave handlers that do not fit greeter.v1.GreeterService: no handler for sayHello (its methods: sayHello)",
    ],
  ])("is told of with the place and the way out, and with code 78, where it %s", async (_what, source, line) => {
    expect(await given(source, "run", [], "ts")).toEqual({ code: 78, out: "", err: `hawser: ${line}\n` });
  });

  it("is told of in the same words by `up`, before anything of it runs", async () => {
    const line = "app.mjs:5: app: two services are called a; give one of them another name";
    const source = `export default defineApp({ services: [${a}, ${a}] });`;
    expect(await given(source, "up")).toEqual({ code: 78, out: "", err: `hawser: ${line}\n` });
  });
});

describe.concurrent("an app whose own code fails", () => {
  const throws = 'throw new Error("no luck");';
  const badSetup = `
    const orders = defineService({ name: "orders", setup() { throw new Error("no ink"); } });
    export default defineApp({ name: "shop", services: [orders] });`;
  const never = `
    const orders = defineService({ name: "orders", setup: () => new Promise(() => setInterval(() => {}, 1000)) });
    export default defineApp({ name: "shop", services: [orders] });`;

  it("is told of with its place, its stack and code 1 where it throws at import", async () => {
    const { code, err } = await given(throws, "run");
    expect(code).toBe(1);
    expect(err).toMatch(/^Error: no luck\n {4}at .*app\.mjs:5:7\)?\nhawser: app\.mjs:5: no luck\n$/);
    expect(await given(throws, "up")).toEqual({ code: 1, out: "", err: "hawser: app.mjs:5: no luck\n" });
  });

  it("is told of with the stack of a setup that throws, its own frames alone", async () => {
    const { code, err } = await given(badSetup, "run");
    expect(code).toBe(1);
    expect(err).toMatch(/^Error: no ink\n {4}at setup \(.*app\.mjs:6:68\)\nhawser: orders: setup failed: no ink\n$/);
  });

  it("is told of by `up` with the service and the last step", async () => {
    const { code, out, err } = await given(badSetup, "up");
    expect(code).toBe(1);
    expect(out).toMatch(/^orders-1 │ hawser: orders: setup failed: no ink$/m);
    expect(err).toContain("orders-1 ended with code 1 before it was ready (last step: setting up orders)\n");
    expect(err).toMatch(/\nhawser: shop is stopped: orders-1 cannot be kept running\n$/);
  });

  it("is told of by `up` with code 78 where another start would not help", async () => {
    const source =
      'export default defineApp({ services: [defineService({ name: "a", contract: GreeterServiceDefinition, setup: () => ({}) })] });';
    const { code, err } = await given(source, "up");
    expect(code).toBe(78);
    expect(err).toContain("code 78 says that another try will not help");
  });

  it("is given up where a setup never ends", async () => {
    const line = "hawser: orders: setup has not ended within 4 s; what does it wait for?\n";
    expect(await given(never, "run", ["--start-timeout", "4s"])).toEqual({ code: 1, out: "", err: line });
  });

  it("is given up by `up` where a setup never ends, which says where it hung", async () => {
    const { code, err } = await given(never, "up", ["--start-timeout", "8s"]);
    expect(code).toBe(1);
    expect(err).toContain("(did not become ready within 8 s (last step: setting up orders))");
    expect(err).toContain("give it more time (--start-timeout)");
  });

  it.each(["run", "up"])("is given up by `%s` where the file waits for ever as it is loaded", async (verb) => {
    const source = "await new Promise(() => setInterval(() => {}, 1000)); export default 1;";
    const line =
      "hawser: app.mjs has not been loaded within 4 s; does it wait for something at its top level? a setup can do that\n";
    expect(await given(source, verb, ["--start-timeout", "4s"])).toEqual({ code: 1, out: "", err: line });
  });
});

describe.concurrent("a command line that does not fit the app", () => {
  const misfit =
    'words.times = "many" (flag --set words.times): Invalid input: expected number, received string; change it there';
  const clash = "words and front cannot both listen at grpc://127.0.0.1:7000; say --address words=… --address front=…";
  const noRegistry =
    "front needs words over the wire (placement: remote), and there is no registry to find it in; set HAWSER_REGISTRY";

  it.each<readonly [args: string, code: 2 | 78, line: string]>([
    ["run --set words.times=many", 78, misfit],
    ["up --set words.times=many", 78, misfit],
    ["up --place front.nobody=remote", 2, '--place front.nobody=remote: front has no need "nobody" (it needs: words)'],
    ["run --place front.words=remote", 78, noRegistry],
    ["start nobody", 2, 'start nobody: talk has no service "nobody" (it has: words, front)'],
    ["start --address grpc://127.0.0.1:7000", 2, clash],
    ["up --address grpc://127.0.0.1:7000", 2, clash],
    ["up --replicas nobody=2", 2, "talk: replicas.nobody: no process is called so (there are: words, front)"],
    ["up --registry nacos://a", 2, 'registry "nacos://a": unknown driver; there are '],
    ["up --tui", 2, "--tui needs a terminal; leave it out for a log"],
  ])("is refused before anything starts: %s", async (args, code, line) => {
    const [verb = "", ...rest] = args.split(" ");
    await project.app(talk, "talk/app.mjs");
    const ended = await shell.run([verb, ...rest], { cwd: `${project.folder}/talk` });
    expect(ended).toEqual({ code, out: "", err: expect.stringContaining(`hawser: ${line}`) });
    expect(ended.err.trimEnd().split("\n")).toHaveLength(1);
  });

  it.each<readonly [args: string, line: string]>([
    ["up --max-restarts few", "--max-restarts few: expected a whole number"],
    [
      "up --registry memory:",
      "memory: is a registry of one process, and these are many; leave it out, or try: hawser run",
    ],
    ["run --watch --inspect", "--inspect and --watch do not go together: a debugger stays with one process"],
    ["start --inspect=here", "--inspect here: expected host:port, like 127.0.0.1:9229"],
    [
      "run --start-timeout=soon",
      "option '--start-timeout <duration>' argument 'soon' is invalid. Expected a duration above 0 with its unit, like 250ms, 5s or 2m; try: hawser --help",
    ],
  ])("is refused before the app is looked at: %s", async (args, line) => {
    const [verb = "", ...rest] = args.split(" ");
    const app = await project.app(talk, "talk.mjs");
    expect(await hawser([verb, app, ...rest])).toEqual({ code: 2, out: "", err: `hawser: ${line}\n` });
  });

  it.each(["run", "up", "start", "outline", "export compose"])(
    "is refused where there is no app file: %s",
    async (verb) => {
      const line = "hawser: nowhere.ts: there is no such file or folder\n";
      expect(await hawser([...verb.split(" "), "nowhere.ts"])).toEqual({ code: 2, out: "", err: line });
    },
  );
});
