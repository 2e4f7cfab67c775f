import { describe, expect, test } from "vitest";
import { ErrorCode, largestWindow } from "../../../support/http2/constants.js";
import { data, goaway, headers } from "../../../support/http2/frames.js";
import { answerTo, echoRequest, requestFields, responsesIn, wholeCall } from "../../../support/http2/grpc.js";
import { isData, isGoaway } from "../../../support/http2/received.js";
import { Siege } from "../../../support/http2/siege.js";

async function begin() {
  const siege = await Siege.lay();
  const attacker = await siege.attacker();
  const id = attacker.nextId();
  attacker.write(headers(id, requestFields("Bidi")), data(id, echoRequest({ count: 1, text: "before" })));
  await attacker.next(isData(id));
  return { siege, attacker, id };
}

describe("GOAWAY of a server that drains (RFC 9113 §6.8)", () => {
  test("comes twice, takes what was under way, and passes over what comes later: running calls go on", async () => {
    const { siege, attacker, id } = await begin();
    siege.server.drain();
    expect(await attacker.next(isGoaway)).toMatchObject({ lastId: largestWindow, code: ErrorCode.NO_ERROR });
    const last = await attacker.next(isGoaway);
    expect(last).toMatchObject({ lastId: id, code: ErrorCode.NO_ERROR });
    attacker.write(wholeCall(attacker.nextId()), wholeCall(attacker.nextId()));
    attacker.write(data(id, echoRequest({ count: 1, text: "after" }), { end: true }));
    const answer = await answerTo(attacker, id);
    expect(responsesIn(answer).map(({ text }) => text)).toEqual(["after"]);
    await attacker.closed;
    expect(attacker.has(isGoaway)).toBe(false);
    expect(siege.handlers.asked).toBe(1);
  });

  test("is not to be talked past: who goes on with calls nobody takes loses the connection", async () => {
    const { siege, attacker } = await begin();
    siege.server.drain();
    await attacker.next(isGoaway);
    await attacker.next(isGoaway);
    attacker.write(...Array.from({ length: 2500 }, () => wholeCall(attacker.nextId())));
    expect(await attacker.next(isGoaway)).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM });
    await attacker.closed;
    expect(siege.handlers.asked).toBe(1);
  });

  test("is not waited for: who never answers the PING in between gets the second in time", async () => {
    const siege = await Siege.lay({ keepaliveTimeoutMs: 3000 });
    const attacker = await siege.attacker();
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields("Bidi")), data(id, echoRequest({ count: 1, text: "before" })));
    await attacker.next(isData(id));
    const deaf = await siege.attacker({ answers: false });
    await deaf.next();
    siege.server.drain();
    await deaf.next(isGoaway);
    siege.clock.advance(3000);
    await deaf.closed;
    attacker.write(data(id, "", { end: true }));
    expect((await answerTo(attacker, id)).status).toBe(0);
  });
});

describe("GOAWAY of a client", () => {
  test("lets its calls finish, and ends the connection behind them (§6.8)", async () => {
    const { siege, attacker, id } = await begin();
    attacker.write(goaway(0, ErrorCode.NO_ERROR), goaway(0, ErrorCode.NO_ERROR, "again"));
    attacker.write(data(id, echoRequest({ count: 1, text: "after" }), { end: true }));
    expect(responsesIn(await answerTo(attacker, id)).map(({ text }) => text)).toEqual(["after"]);
    await attacker.closed;
    await siege.expectUntouched();
  });

  test("again and again ends it at once", async () => {
    const { siege, attacker } = await begin();
    attacker.write(...Array.from({ length: 2500 }, () => goaway(0, ErrorCode.NO_ERROR)));
    await attacker.next((frame) => isGoaway(frame) && frame.code === ErrorCode.ENHANCE_YOUR_CALM);
    await attacker.closed;
    await siege.expectUntouched();
  });

  test("that accuses us ends its connection, and no other", async () => {
    const { siege, attacker } = await begin();
    attacker.write(goaway(0, ErrorCode.PROTOCOL_ERROR, "you there"));
    await attacker.closed;
    await siege.expectUntouched();
  });
});
