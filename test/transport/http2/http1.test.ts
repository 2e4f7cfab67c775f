import { createServer as createHttpServer, request, type Server } from "node:http";
import { request as requestTls } from "node:https";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { createServer } from "../../../src/server/server.js";
import { type Http2TransportOptions, http2Transport } from "../../../src/transport/http2/http2.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { ManualClock } from "../../support/manual-clock.js";
import { Moment } from "../../support/moment.js";
import { tls } from "../../support/tls/certificates.js";

async function serve(options: Http2TransportOptions = {}, scheme = "grpc") {
  const transport = http2Transport(options);
  const server = createServer({ transport, address: `${scheme}://127.0.0.1:0` }).add(EchoServiceDefinition, echo());
  await server.start();
  onTestFinished(() => server.close({ graceMs: 0 }));
  const client = createClient(EchoServiceDefinition, { transport, target: server.address });
  onTestFinished(() => client.close());
  return { server, client, port: Number(server.address.split(":").pop()) };
}

/** A server of Node's that is not listening: it is given its connections. */
function httpServer(): Server {
  const server = createHttpServer((incoming, response) => {
    const body: Buffer[] = [];
    incoming.on("data", (bytes: Buffer) => body.push(bytes));
    incoming.on("end", () => response.end(`${incoming.method} ${incoming.url} ${Buffer.concat(body)}`));
  });
  onTestFinished(() => void server.closeAllConnections());
  return server;
}

/** The whole of what a server says to these pieces before it hangs up. */
function said(socket: Socket, ...pieces: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => parts.push(bytes));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(parts).toString()));
    for (const piece of pieces) socket.write(piece);
  });
}

function bodyOf(options: object, secure = false, body = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = (secure ? requestTls : request)({ host: "127.0.0.1", ...options }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (bytes: Buffer) => parts.push(bytes));
      response.on("end", () => resolve(Buffer.concat(parts).toString()));
    });
    call.on("error", reject);
    call.end(body);
  });
}

describe("HTTP/1.x on the port of gRPC", () => {
  test("is answered 505 and closed where nobody wants it, and gRPC is served on", async () => {
    const { client, port } = await serve();
    const answer = await said(
      connect(port, "127.0.0.1"),
      "POST /upload HTTP/1.1\r\nhost: x\r\n\r\n",
      "x".repeat(100_000),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 505 HTTP Version Not Supported\r\n/);
    const [head, body] = answer.split("\r\n\r\n");
    expect(head).toContain(`Content-Length: ${body?.length}`);
    expect(body).toContain("gRPC");
    expect((await client.unary({ text: "served" })).text).toBe("served");
  });

  test("is handed on whole, however it comes, to a server of Node's", async () => {
    const http = httpServer();
    const { client, port } = await serve({ onHttp1: (socket) => http.emit("connection", socket) });
    expect(await bodyOf({ port, path: "/orders?n=1", method: "PUT" }, false, "17")).toBe("PUT /orders?n=1 17");
    const pieces = [..."GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"];
    expect(await said(connect({ port, host: "127.0.0.1", noDelay: true }), ...pieces)).toContain("GET /slow ");
    expect((await client.unary({ text: "served" })).text).toBe("served");
  });

  test("is handed on with all that came in one piece behind it", async () => {
    const sockets: Socket[] = [];
    const heard = new Moment<string>();
    const { port } = await serve({
      onHttp1: (socket) => {
        sockets.push(socket);
        socket.once("data", (bytes: Buffer) => heard.now(bytes.toString()));
      },
    });
    const socket = connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    const text = "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\n";
    socket.write(text);
    expect(await heard.promise).toBe(text);
    expect(sockets[0]?.remotePort).toBe(socket.localPort);
  });

  test("is handed on over TLS, where both versions are offered by ALPN", async () => {
    const http = httpServer();
    const { client, port } = await serve({ tls, onHttp1: (socket) => http.emit("connection", socket) }, "grpcs");
    expect(await bodyOf({ port, path: "/sealed", ca: tls.ca }, true)).toBe("GET /sealed ");
    const choosy = connectTls({ port, host: "127.0.0.1", ca: tls.ca, ALPNProtocols: ["http/1.1"] });
    onTestFinished(() => void choosy.destroy());
    await new Promise((resolve) => choosy.once("secureConnect", resolve));
    expect(choosy.alpnProtocol).toBe("http/1.1");
    expect((await client.unary({ text: "served" })).text).toBe("served");
  });

  test("is not offered by ALPN where nobody wants it", async () => {
    const { port } = await serve({ tls }, "grpcs");
    const socket = connectTls({ port, host: "127.0.0.1", ca: tls.ca, ALPNProtocols: ["http/1.1"] });
    const error = await new Promise((resolve) => socket.once("error", resolve));
    expect(error).toMatchObject({ code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL" });
  });

  test("is cut off by the server it was handed to where its header fields drip, byte by byte, beyond headersTimeout", async () => {
    const http = createHttpServer({ headersTimeout: 100, connectionsCheckingInterval: 10 });
    onTestFinished(() => void http.closeAllConnections());
    http.emit("listening");
    const { port } = await serve({ onHttp1: (socket) => http.emit("connection", socket) });
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const dripping = setInterval(() => socket.writable && socket.write("a"), 10);
    onTestFinished(() => clearInterval(dripping));
    expect(await said(socket, "GET / HTTP/1.1\r\nhost: ")).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("is closed where onHttp1 throws, with a warning, and gRPC is served on", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    onTestFinished(() => warned.mockRestore());
    const fault = new Error("no pages today");
    const { client, port } = await serve({
      onHttp1: () => {
        throw fault;
      },
    });
    expect(await said(connect(port, "127.0.0.1"), "GET / HTTP/1.1\r\nhost: x\r\n\r\n")).toBe("");
    expect(warned.mock.calls).toEqual([
      ["onHttp1 throws; its connection is closed", { type: "TransportWarning", detail: fault.stack }],
    ]);
    expect((await client.unary({ text: "served" })).text).toBe("served");
  });

  test("is waited for like a call when the server closes, and no longer than its grace", async () => {
    const clock = new ManualClock();
    const handed = [new Moment<Socket>(), new Moment<Socket>()];
    let count = 0;
    const { server, port } = await serve({ clock, onHttp1: (socket) => handed[count++]?.now(socket) });
    const sockets = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")] as const;
    for (const socket of sockets) {
      socket.on("error", () => {});
      socket.write("GET / HTTP/1.1\r\n\r\n");
    }
    const [first, second] = await Promise.all(handed.map(({ promise }) => promise));
    let closed = false;
    const closing = server.close({ graceMs: 1000 }).then(() => {
      closed = true;
    });
    first?.destroy();
    await clock.run(999);
    expect({ closed, open: second?.destroyed }).toEqual({ closed: false, open: false });
    await clock.run(1);
    await closing;
    expect(second?.destroyed).toBe(true);
  });
});
