import { describe, expect, test } from "vitest";
import { recognise } from "../../../src/transport/http2/server/speech.js";
import { preface } from "../../support/http2/constants.js";

const recogniseText = (text: string) => recognise(Buffer.from(text, "latin1"));

describe("the first bytes of a connection", () => {
  test("are HTTP/2 where they are its preface, and not before it is whole", () => {
    for (let length = 0; length < preface.length; length++) {
      expect(recognise(preface.subarray(0, length))).toBeUndefined();
    }
    expect(recognise(preface)).toBe("http2");
    expect(recognise(Buffer.concat([preface, Buffer.from("more")]))).toBe("http2");
  });

  test("are HTTP/1 where they are its request line, and not before it is whole", () => {
    for (const line of [
      "GET / HTTP/1.1\r\n",
      "POST /a?b=c HTTP/1.0\r\n",
      "PRI * HTTP/1.1\n",
      "M-SEARCH * HTTP/1.1\r\n",
    ]) {
      for (let length = 1; length < line.length; length++) expect(recogniseText(line.slice(0, length))).toBeUndefined();
      expect(recogniseText(line)).toBe("http1");
      expect(recogniseText(`${line}host: here\r\n`)).toBe("http1");
    }
  });

  test.each([
    ["a greeting of TLS", "\x16\x03\x01\x02\x00\x01"],
    ["a preface that goes astray", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"],
    ["HTTP/2 as a request line", "GET / HTTP/2.0\r\n"],
    ["HTTP/0.9", "GET /\r\n"],
    ["a line of three spaces", "GET / / HTTP/1.1\r\n"],
    ["lower case", "get"],
    ["an empty line", "\r\n"],
    ["a method that does not end", "A".repeat(33)],
    ["a request line that does not end", `GET /${"a".repeat(8192)}`],
    ["SSH", "SSH-2.0-OpenSSH_9.6\r\n"],
  ])("are nothing for us where they are %s", (_what, text) => {
    expect(recogniseText(text)).toBe("other");
  });
});
