import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeepPartial, Handlers } from "../../../src/contract/contract.js";
import { loadContract } from "../../../src/contract/load-contract.js";
import { parsePath } from "../../../src/server/recording/field-path.js";
import { Any } from "../../gen/google/protobuf/any.js";
import { Payment, PaymentsServiceDefinition, PaymentWay, type PayRequest } from "../../gen/hawser/test/v1/payments.js";
import { collect } from "../../support/collect.js";
import { recorded } from "./recorded.js";

/** Stands in every field that is to be hidden and can hold it. */
const secret = "4111-1111";

const handlers: Handlers<PaymentsServiceDefinition> = {
  pay: ({ payment }) => ({ receipt: "r-1", secret, paid: payment === undefined ? [] : [payment] }),
  payAll: async (requests) => ({ receipt: `${(await collect(requests)).length}` }),
  async *follow({ parts }) {
    for (const part of parts) yield { secret, paid: [part] };
  },
  async *haggle(requests) {
    for await (const { payment } of requests) yield { secret, paid: payment === undefined ? [] : [payment] };
  },
};

const given = () => recorded(PaymentsServiceDefinition, handlers, { responses: true });

/** What the recording of one call of `Pay` says. */
async function recordOf(request: DeepPartial<PayRequest>) {
  const { client, records } = await given();
  await client.pay(request);
  const [record] = await records();
  expect(JSON.stringify(record)).not.toContain(secret);
  return { request: record?.request, redacted: record?.redacted };
}

interface Tree {
  readonly cardNumber: string;
  readonly otherwise?: Tree;
}

const packed = (payment: DeepPartial<Payment>): Any => ({
  typeUrl: `type.googleapis.com/${Payment.$type}`,
  value: Buffer.from(Payment.encode(Payment.fromPartial(payment)).finish()),
});

const inAny = (any: Any): Any => ({
  typeUrl: "type.googleapis.com/google.protobuf.Any",
  value: Buffer.from(Any.encode(any).finish()),
});

describe("redaction", () => {
  it("hides a text and leaves its neighbours", async () => {
    expect(await recordOf({ orderId: "o-1", payment: { cardNumber: secret, cents: 5n } })).toEqual({
      request: { orderId: "o-1", payment: { cardNumber: "[REDACTED]", cents: "5" } },
      redacted: ["payment.cardNumber"],
    });
  });

  it("leaves out what is no text, whatever it is, and names it", async () => {
    const request = {
      pin: 4111,
      trusted: true,
      signature: Buffer.from(secret),
      way: PaymentWay.PAYMENT_WAY_CARD,
      fallback: { cents: 4n },
      notes: [secret],
      labels: { a: secret },
      nickname: secret,
    };
    const { request: written, redacted } = await recordOf(request);
    expect(written).toEqual({});
    expect([...(redacted ?? [])].sort()).toEqual(Object.keys(request).sort());
  });

  it("names nothing that was not there", async () => {
    expect(await recordOf({ orderId: "o-1" })).toEqual({ request: { orderId: "o-1" }, redacted: undefined });
  });

  it.each<[where: string, request: DeepPartial<PayRequest>, redacted: string]>([
    ["a list", { parts: [{ cents: 1n }, { cardNumber: secret }] }, "parts[1].cardNumber"],
    ["a map", { byPayer: { "Ada L": { cardNumber: secret } } }, 'byPayer["Ada L"].cardNumber'],
    ["a oneof", { voucher: { $case: "voucherCode", value: secret } }, "voucherCode"],
    [
      "a message that holds itself",
      { payment: { otherwise: { otherwise: { cardNumber: secret } } } },
      "payment.otherwise.otherwise.cardNumber",
    ],
    ["an Any", { extra: packed({ otherwise: { cardNumber: secret } }) }, "extra.otherwise.cardNumber"],
    ["an Any in an Any", { extra: inAny(packed({ cardNumber: secret })) }, "extra.value.cardNumber"],
  ])("finds it in %s", async (_where, request, redacted) => {
    expect((await recordOf(request)).redacted).toEqual([redacted]);
  });

  it("writes nothing of a message that holds what nobody knows", async () => {
    const { client, records } = await given();
    await client.pay({
      orderId: "o-1",
      extra: { typeUrl: "type.googleapis.com/other.v1.Card", value: Buffer.from(secret) },
    });
    const [record] = await records();
    expect(record).toMatchObject({ code: "OK", unreadable: expect.stringContaining("other.v1.Card") });
    expect(record).not.toHaveProperty("request");
    expect(record).not.toHaveProperty("response");
  });

  it("reaches the messages of streams, each at its place, and responses", async () => {
    const { client, records } = await given();
    await collect(client.haggle([{ payment: { cents: 1n } }, { payment: { cardNumber: secret } }]));
    await collect(client.follow({ parts: [{ cardNumber: secret }] }));
    expect(await records()).toMatchObject([
      {
        request: [{ payment: { cents: "1" } }, { payment: { cardNumber: "[REDACTED]" } }],
        redacted: ["[1].payment.cardNumber"],
        redactedResponse: ["[0].secret", "[1].secret", "[1].paid[0].cardNumber"],
      },
      {
        redacted: ["parts[0].cardNumber"],
        response: [{ secret: "[REDACTED]", paid: [{ cardNumber: "[REDACTED]" }] }],
        redactedResponse: ["[0].secret", "[0].paid[0].cardNumber"],
      },
    ]);
  });

  it("hides in contracts loaded at run time too", async () => {
    const definition = await loadContract("hawser/test/v1/payments.proto", { includeDirs: ["test/proto"] });
    const { client, records } = await recorded(definition, {
      pay: () => ({}),
      payAll: () => ({}),
      async *follow() {},
      async *haggle() {},
    });
    await client["pay"]?.({ payment: { cardNumber: secret, cents: "5" } }, undefined);
    expect(await records()).toMatchObject([
      { request: { payment: { cardNumber: "[REDACTED]", cents: "5" } }, redacted: ["payment.cardNumber"] },
    ]);
  });

  it("lets no secret through, however deep, and names the place of each", async () => {
    const leaf = fc.record({ cardNumber: fc.constantFrom(secret, "") });
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof({ maxDepth: 5 }, leaf, fc.record({ cardNumber: fc.constant(secret), otherwise: tie("tree") })),
    }));
    const payer = fc.string().filter((key) => key !== "__proto__"); // ts-proto loses such an entry when it decodes a map
    const requests = fc.record({
      payment: tree,
      parts: fc.array(tree, { maxLength: 3 }),
      byPayer: fc.dictionary(payer, tree, { maxKeys: 3 }),
      extra: tree,
    });
    const { client, records } = await given();
    const sent: number[] = [];
    const send = fc.asyncProperty(requests, async (request) => {
      sent.push(JSON.stringify(request).split(`"cardNumber":"${secret}"`).length - 1);
      await client.pay({ ...request, extra: packed(request.extra) });
    });
    await fc.assert(send, { numRuns: 50 });
    const written = await records();
    expect(JSON.stringify(written)).not.toContain(secret);
    expect(written.map(({ redacted = [] }) => redacted.length)).toEqual(sent);
    for (const { request, redacted = [] } of written) {
      for (const path of redacted) expect(at(request, parsePath(path))).toBe("[REDACTED]");
    }
  });
});

function at(json: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, each) => (value as { [key: string | number]: unknown })[each], json);
}
