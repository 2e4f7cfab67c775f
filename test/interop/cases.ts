import { expect } from "vitest";
import type { Metadata } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { collect, failure } from "../support/collect.js";
import { forever, Moment } from "../support/moment.js";
import type { InteropClient } from "./peer.js";

const zeros = (size: number): { readonly body: Buffer } => ({ body: Buffer.alloc(size) });

/** As many bytes as were asked for, all zero. */
function expectZeros(payload: { readonly body: Buffer } | undefined | null, size: number): void {
  expect(payload?.body.equals(Buffer.alloc(size))).toBe(true);
}

async function* inTurn<T>(...all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

const requestSizes = [27182, 8, 1828, 45904];
const responseSizes = [31415, 9, 2653, 58979];

async function largeUnary(client: InteropClient): Promise<void> {
  const response = await client.unaryCall({ responseSize: 314159, payload: zeros(271828) });
  expectZeros(response.payload, 314159);
}

const initial = "x-grpc-test-echo-initial";
const trailing = "x-grpc-test-echo-trailing-bin";
const custom = { [initial]: "test_initial_metadata_value", [trailing]: Uint8Array.of(0xab, 0xab, 0xab) };

/** Collects the metadata of one call and compares it with what should have been echoed. */
function echoed() {
  let [header, trailer]: [Metadata | undefined, Metadata | undefined] = [undefined, undefined];
  return {
    options: {
      metadata: custom,
      onHeader: (received: Metadata) => {
        header = received;
      },
      onTrailer: (received: Metadata) => {
        trailer = received;
      },
    },
    check: () => {
      expect(header?.getAll(initial)).toEqual([custom[initial]]);
      expect(trailer?.getAll(trailing).map((value) => [...value])).toEqual([[0xab, 0xab, 0xab]]);
    },
  };
}

async function expectStatus(client: InteropClient, code: Code, message: string): Promise<void> {
  const responseStatus = { code, message };
  expect(await failure(client.unaryCall({ responseStatus }))).toMatchObject(responseStatus);
  expect(await failure(client.fullDuplexCall(inTurn({ responseStatus })))).toMatchObject(responseStatus);
}

/**
 * The cases of https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md that need no cloud, but for those
 * of compression, which stand in `compression.test.ts`. What they say of latency is left out: timings belong to the bench.
 */
export const cases: {
  readonly [name: string]: (client: InteropClient, another: () => InteropClient) => Promise<void>;
} = {
  async empty_unary(client) {
    expect(await client.emptyCall()).toEqual({});
  },

  large_unary: largeUnary,

  async client_streaming(client) {
    const requests = requestSizes.map((size) => ({ payload: zeros(size) }));
    expect((await client.streamingInputCall(inTurn(...requests))).aggregatedPayloadSize).toBe(74922);
  },

  async server_streaming(client) {
    const responseParameters = responseSizes.map((size) => ({ size }));
    const responses = await collect(client.streamingOutputCall({ responseParameters }));
    expect(responses).toHaveLength(responseSizes.length);
    for (const [index, { payload }] of responses.entries()) expectZeros(payload, responseSizes[index] ?? -1);
  },

  async ping_pong(client) {
    let answered = new Moment();
    async function* requests() {
      for (const [index, size] of requestSizes.entries()) {
        answered = new Moment();
        yield { responseParameters: [{ size: responseSizes[index] ?? -1 }], payload: zeros(size) };
        await answered.promise;
      }
    }
    let count = 0;
    for await (const { payload } of client.fullDuplexCall(requests())) {
      expectZeros(payload, responseSizes[count++] ?? -1);
      answered.now();
    }
    expect(count).toBe(4);
  },

  async empty_stream(client) {
    expect(await collect(client.fullDuplexCall(inTurn()))).toEqual([]);
  },

  async custom_metadata(client) {
    const unary = echoed();
    await client.unaryCall({ responseSize: 314159, payload: zeros(271828) }, unary.options);
    unary.check();
    const duplex = echoed();
    const request = { responseParameters: [{ size: 314159 }], payload: zeros(271828) };
    expect(await collect(client.fullDuplexCall(inTurn(request), duplex.options))).toHaveLength(1);
    duplex.check();
  },

  status_code_and_message: (client) => expectStatus(client, Code.UNKNOWN, "test status message"),

  special_status_message: (client) =>
    expectStatus(client, Code.UNKNOWN, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"),

  async unimplemented_method(client) {
    expect(await failure(client.unimplementedMethod())).toMatchObject({ code: Code.UNIMPLEMENTED });
  },

  async unimplemented_service(client) {
    expect(await failure(client.unimplementedService())).toMatchObject({ code: Code.UNIMPLEMENTED });
  },

  async cancel_after_begin(client) {
    const controller = new AbortController();
    const begun = new Moment();
    const next = () => {
      begun.now();
      return forever;
    };
    const outcome = failure(
      client.streamingInputCall({ [Symbol.asyncIterator]: () => ({ next }) }, { signal: controller.signal }),
    );
    await begun.promise;
    controller.abort();
    expect(await outcome).toMatchObject({ code: Code.CANCELLED });
  },

  async cancel_after_first_response(client) {
    const controller = new AbortController();
    async function* requests() {
      yield { responseParameters: [{ size: 31415 }], payload: zeros(27182) };
      await forever;
    }
    const received: unknown[] = [];
    const read = async () => {
      for await (const { payload } of client.fullDuplexCall(requests(), { signal: controller.signal })) {
        received.push(payload);
        expectZeros(payload, 31415);
        controller.abort();
      }
    };
    expect(await failure(read())).toMatchObject({ code: Code.CANCELLED });
    expect(received).toHaveLength(1);
  },

  async timeout_on_sleeping_server(client) {
    async function* requests() {
      yield { payload: zeros(27182) };
      await forever;
    }
    const outcome = await failure(client.fullDuplexCall(requests(), { timeoutMs: 1 }));
    expect(outcome).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  },

  async rpc_soak(client) {
    for (let iteration = 0; iteration < 10; iteration++) await largeUnary(client);
  },

  async channel_soak(_client, another) {
    for (let iteration = 0; iteration < 10; iteration++) {
      const client = another();
      await largeUnary(client);
      await client.close();
    }
  },
};
