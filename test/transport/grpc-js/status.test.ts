import { Metadata, status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { errorOfStatus } from "../../../src/transport/grpc-js/status.js";

const gone = "Failed to start HTTP/2 stream with error The session has been destroyed";

describe("what grpc-js says of a call that was to begin on a connection that had ended", () => {
  test("is UNAVAILABLE, and no server has seen it", () => {
    const error = errorOfStatus({ code: status.INTERNAL, details: gone, metadata: new Metadata() }, true, false);
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false, message: gone });
  });

  test("is INTERNAL where a server says so, whatever it means", () => {
    const metadata = new Metadata();
    metadata.set("x-of", "the server");
    const error = errorOfStatus({ code: status.INTERNAL, details: gone, metadata }, true, false);
    expect(error).toMatchObject({ code: Code.INTERNAL, unprocessed: false, remote: true });
  });

  test.each([
    [status.INTERNAL, gone],
    [status.UNAVAILABLE, "Stream refused by server"],
  ])("is what a server says where it had begun to answer: %i, %s", (code, details) => {
    const error = errorOfStatus({ code, details, metadata: new Metadata() }, true, true);
    expect(error).toMatchObject({ code, unprocessed: false });
  });

  test("is INTERNAL where it could not begin on any other", () => {
    const details = "Failed to start HTTP/2 stream with error Invalid character in header content";
    const error = errorOfStatus({ code: status.INTERNAL, details, metadata: new Metadata() }, true, false);
    expect(error).toMatchObject({ code: Code.INTERNAL, unprocessed: false, remote: false });
  });
});
