import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { InteropServer } from "../peer.js";
import { hawserHttp2 } from "../peers.js";
import { plainHttp2Server } from "./plain-server.js";
import { missing, tryToRun } from "./program.js";

/** What h2spec says of one of its cases. */
interface Finding {
  /** `http2/5.1.1: Sends even-numbered stream identifier` */
  readonly title: string;
  readonly outcome: "passed" | "skipped" | string;
}

/**
 * To a server of gRPC h2spec's requests are none: it says so at once (415) and ends the stream, while these cases have yet
 * to do with it what they came for. All but those of content-length do it to the plain server below.
 */
const answeredBefore = [
  "generic/2: Sends a WINDOW_UPDATE frame on half-closed (remote) stream",
  "generic/2: Sends a PRIORITY frame on half-closed (remote) stream",
  "http2/5.1: closed: Sends a DATA frame after sending RST_STREAM frame",
  "http2/5.1: closed: Sends a HEADERS frame after sending RST_STREAM frame",
  "http2/5.1.2: Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded",
  "http2/6.9: Sends a WINDOW_UPDATE frame with a flow control window increment of 0 on a stream",
  "http2/6.9.1: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream",
  "http2/8.1: Sends a second HEADERS frame without the END_STREAM flag",
  "http2/8.1.2.1: Sends a HEADERS frame that contains a pseudo-header field as trailers",
  'http2/8.1.2.6: Sends a HEADERS frame with the "content-length" header field which does not equal the DATA frame payload length',
  'http2/8.1.2.6: Sends a HEADERS frame with the "content-length" header field which does not equal the sum of the multiple DATA frames payload length',
];

/** RFC 9113 has done away with the priorities of RFC 7540: what depends on what is not read, so nothing can depend on itself. */
const outdated = [
  "http2/5.3.1: Sends HEADERS frame that depend on itself",
  "http2/5.3.1: Sends PRIORITY frame that depend on itself",
];

const servers = [
  {
    name: "our server of gRPC",
    serve: hawserHttp2.serve,
    asks: (title: string) => !answeredBefore.includes(title),
  },
  {
    name: "our HTTP/2 without gRPC, which takes any header fields",
    serve: plainHttp2Server,
    asks: (title: string) => !title.startsWith("http2/8.1.2"),
  },
];

/** Five fields so long are its "large size HEADERS frame", whatever size a server allows: more than our 64 KiB. */
const fieldBytes = 16_000;

const reason = missing("h2spec");
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

/** https://github.com/summerwind/h2spec does all that RFC 7540 and RFC 7541 forbid, and watches what comes of it. */
for (const { name, serve, asks } of servers) {
  for (const tls of [false, true]) {
    describe.skipIf(reason !== undefined)(`h2spec, ${tls ? "TLS" : "h2c"}: ${name}${skipped}`, () => {
      let server: InteropServer;
      let findings: readonly Finding[];

      beforeAll(async () => {
        server = await serve({ tls });
        findings = await h2spec(server.address, tls);
      });
      afterAll(() => server.close());

      test.each([
        ["generic", 40],
        ["http2", 75],
        ["hpack", 7],
      ])("passes the suite %s", (suite, atLeast) => {
        const current = findings.filter(({ title }) => title.startsWith(`${suite}/`) && !outdated.includes(title));
        const asked = current.filter(({ title }) => asks(title));
        expect(asked.filter(({ outcome }) => outcome !== "passed" && outcome !== "skipped")).toEqual([]);
        expect(asked.filter(({ outcome }) => outcome === "passed").length).toBeGreaterThanOrEqual(atLeast);
      });
    });
  }
}

async function h2spec(address: string, tls: boolean): Promise<readonly Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-h2spec-"));
  try {
    const report = join(folder, "report.xml");
    const port = address.slice(address.lastIndexOf(":") + 1);
    const where = ["--host=127.0.0.1", `--port=${port}`, "--path=/grpc.testing.TestService/EmptyCall"];
    const how = ["--timeout=3", `--max-header-length=${fieldBytes}`];
    await tryToRun("h2spec", ...where, ...how, ...(tls ? ["--tls", "--insecure"] : []), `--junit-report=${report}`);
    return findingsIn(await readFile(report, "utf8"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Of a report as JUnit writes it. */
function findingsIn(report: string): readonly Finding[] {
  const shape = /<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(?:\s*<(\w+)>([^<]*)<\/\w+>)?\s*<\/testcase>/g;
  return [...report.replaceAll("&#34;", "'").matchAll(shape)].map(([, section, name, element, text]) => ({
    title: `${section}: ${name}`.replaceAll("'", '"'),
    outcome: element === undefined ? "passed" : element === "skipped" ? "skipped" : `${element}: ${text}`,
  }));
}
