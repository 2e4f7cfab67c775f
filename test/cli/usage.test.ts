import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hawser, start } from "./support/command.js";

/** Where nobody listens: port 9 is for throwing away. */
const closed = "hawser://127.0.0.1:9";

/** Where somebody listens and never says a word. */
let silent: Server;
let silentUrl: string;

beforeAll(async () => {
  silent = createServer(() => {});
  silentUrl = `hawser://127.0.0.1:${await listen(silent)}`;
});
afterAll(() => silent.close());

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}

describe("the hawser command", () => {
  it("explains itself", async () => {
    const { code, out, err } = await hawser(["--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const verb of ["registry", "list", "get", "watch", "call"]) expect(out).toContain(`\n  ${verb} `);
    expect((await hawser(["help", "call"])).out).toContain("--timeout <duration>");
  });

  it("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(await hawser(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  it("explains itself on stderr where no verb is given", async () => {
    const { code, out, err } = await hawser([]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/^Usage: hawser /);
  });

  it.each<[args: string, message: string]>([
    ["frobnicate", "unknown command 'frobnicate'; try: hawser --help"],
    ["lst", "unknown command 'lst' (Did you mean list?); try: hawser --help"],
    ["list --jsn", "unknown option '--jsn' (Did you mean --json?); try: hawser --help"],
    ["list orders", "too many arguments for 'list'. Expected 0 arguments but got 1; try: hawser --help"],
    ["get", "missing required argument 'service'; try: hawser --help"],
    ["call orders", "missing required argument 'method'; try: hawser --help"],
    ["registry --address 7400", '--address "7400": expected host:port, like 127.0.0.1:7400'],
    [
      "registry --address grpc://127.0.0.1:7400",
      '--address "grpc://127.0.0.1:7400": expected host:port, like 127.0.0.1:7400',
    ],
    [
      "list --registry nacos://x",
      'registry "nacos://x": unknown driver; there are hawser:, etcd:, etcds:, consul:, consuls:, zookeeper:, kubernetes:, dns:, mdns:, static:, memory:',
    ],
  ])("refuses `%s` in one line and with code 2", async (args, message) => {
    expect(await hawser(args.split(" "))).toEqual({ code: 2, out: "", err: `hawser: ${message}\n` });
  });

  it("refuses in JSON for programs", async () => {
    const { code, err } = await hawser(["frobnicate", "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(err)).toEqual({ code: "USAGE", message: "unknown command 'frobnicate'; try: hawser --help" });
  });

  it.each(["list", "get echo", "watch", "watch echo", "call echo Unary"])(
    "says with `%s` that no registry is there and how to start one",
    async (args) => {
      const { code, out, err } = await hawser(["--registry", closed, ...args.split(" ")]);
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err).toMatch(
        /^UNAVAILABLE: hawser:\/\/127\.0\.0\.1:9: services could not be listed .*try: hawser registry\n$/,
      );
    },
  );

  it.each(["list", "get echo", "watch", "call echo Unary"])(
    "can be interrupted with `%s` while a registry does not answer",
    async (args) => {
      const connected = new Promise((resolve) => silent.once("connection", resolve));
      const command = start(["--registry", silentUrl, ...args.split(" ")]);
      await connected;
      command.interrupt();
      expect(await command.code).toBe(130);
      expect([command.out.text, command.err.text]).toEqual(["", ""]);
    },
  );
});
