import { execFile, spawnSync } from "node:child_process";

/** What a command line client of somebody else made of a call. */
export interface Outcome {
  /** The responses, in their order. */
  readonly responses: readonly object[];
  /** The status code the client ended with; 0 where all went well. */
  readonly status: number;
  readonly stderr: string;
}

/** A gRPC client that is not ours and learns the contracts by reflection. */
export interface OutsideClient {
  readonly name: string;
  /** Why it cannot be had here. */
  readonly missing: string | undefined;
  /** @param address `127.0.0.1:50051` */
  list(address: string): Promise<readonly string[]>;
  /** @param requests JSON objects, one behind the other */
  call(address: string, method: string, requests: string, header?: string): Promise<Outcome>;
}

/** https://buf.build/docs/curl/usage; its exit code is eight times the status. */
export const bufCurl: OutsideClient = {
  name: "buf curl",
  missing: undefined,
  list: async (address) => lines((await buf("--list-services", `http://${address}`)).stdout),
  async call(address, method, requests, header) {
    const headers = header === undefined ? [] : ["-H", header];
    const { code, stdout, stderr } = await buf(...headers, "-d", requests, `http://${address}/${method}`);
    return { responses: objects(stdout), status: code / 8, stderr };
  },
};

/** https://github.com/fullstorydev/grpcurl; its exit code is 64 more than the status. */
export const grpcurl: OutsideClient = {
  name: "grpcurl",
  missing: spawnSync("grpcurl", ["-version"]).error === undefined ? undefined : "grpcurl is not installed",
  list: async (address) => lines((await execute("grpcurl", "-plaintext", address, "list")).stdout),
  async call(address, method, requests, header) {
    const headers = header === undefined ? [] : ["-H", header];
    const args = ["-plaintext", ...headers, "-d", requests, address, method];
    const { code, stdout, stderr } = await execute("grpcurl", ...args);
    return { responses: objects(stdout), status: code === 0 ? 0 : code - 64, stderr };
  },
};

function buf(...args: readonly string[]) {
  const flags = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--reflect"];
  return execute("node_modules/.bin/buf", ...flags, ...args);
}

function execute(
  file: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, (error, stdout, stderr) => {
      if (typeof error?.code === "string")
        reject(error); // it did not run
      else resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

function lines(text: string): readonly string[] {
  return text.trimEnd().split("\n");
}

/** Both print objects indented, one behind the other. */
function objects(text: string): readonly object[] {
  return text.trim() === "" ? [] : JSON.parse(`[${text.trim().replaceAll(/^\}\n\{/gm, "},{")}]`);
}
