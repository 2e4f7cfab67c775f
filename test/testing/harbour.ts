import { z } from "zod";
import { type App, defineApp, defineService } from "../../src/service/service.js";
import { PaymentsServiceDefinition } from "../gen/hawser/test/v1/payments.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

/** Writes down what it is told; what its contract says of repeating, it keeps for `put`, and for `read` where asked to. */
export const ledger = defineService({
  name: "ledger",
  contract: EchoServiceDefinition,
  config: z.object({ forgetful: z.boolean().default(false) }),
  setup({ config }) {
    const entries: string[] = [];
    const enter = ({ text }: { readonly text: string }) => ({ text, index: entries.push(text) });
    return echo({
      unary: enter,
      put: ({ text }) =>
        entries.includes(text) && !config.forgetful ? { text, index: entries.indexOf(text) + 1 } : enter({ text }),
    });
  },
});

/** Passes on what it is asked; whoever has it read is entered in the ledger, with `unary`. */
export const desk = defineService({
  name: "desk",
  contract: EchoServiceDefinition,
  needs: { ledger: EchoServiceDefinition },
  setup: ({ needs, clock, log }) =>
    echo({
      unary: (request) => needs.ledger.unary(request),
      put: (request) => needs.ledger.put(request),
      async read({ text }) {
        log.info({ text }, "read");
        await needs.ledger.unary({ text: `read ${text}` });
        return { text, index: Math.floor(clock.now() / 1000) };
      },
      serverStream: (request) => needs.ledger.serverStream(request),
      clientStream: (requests) => needs.ledger.clientStream(requests),
      bidi: (requests) => needs.ledger.bidi(requests),
    }),
});

/** Speaks two contracts, and needs somebody who is no service of the app. */
export const office = defineService({
  name: "office",
  contract: { echo: EchoServiceDefinition, payments: PaymentsServiceDefinition },
  needs: { bank: { contract: PaymentsServiceDefinition, service: "harbour-bank", external: true } },
  setup: ({ needs }) => ({
    echo: echo(),
    payments: {
      pay: (request) => needs.bank.pay(request),
      payAll: () => ({}),
      follow: (request) => needs.bank.follow(request),
      async *haggle() {},
    },
  }),
});

export const pier: App<readonly [typeof desk, typeof ledger]> = defineApp({ name: "pier", services: [desk, ledger] });

export const harbour: App<readonly [typeof office, typeof desk, typeof ledger]> = defineApp({
  name: "harbour",
  services: [office, desk, ledger],
});
