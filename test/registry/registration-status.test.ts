import { describe, expect, test } from "vitest";
import type { RegistrationState, RegistryEvent } from "../../src/contract/contract.js";
import { RegistrationStatus } from "../../src/registry/registration-status.js";
import { ManualClock } from "../support/manual-clock.js";
import { recordingLogger } from "./recording-logger.js";

function make() {
  const clock = new ManualClock(0);
  const logger = recordingLogger();
  const events: RegistryEvent[] = [];
  const monitor = (event: RegistryEvent) => events.push(event);
  const status = new RegistrationStatus({ service: "orders", id: "orders-1", clock, logger, monitor });
  return { clock, logger, events, status };
}

describe("how a registration stands", () => {
  test("it begins as registering, and every change is told at once, with the moment", () => {
    const { clock, status } = make();
    const told: [RegistrationState, number][] = [];
    status.onState((state) => told.push([state, status.since.getTime()]));
    expect([status.state, status.since]).toEqual(["registering", new Date(0)]);
    for (const state of ["registered", "lost", "registered", "closed"] as const) {
      clock.advance(1_000);
      status.become(state);
    }
    expect(told).toEqual([
      ["registered", 1_000],
      ["lost", 2_000],
      ["registered", 3_000],
      ["closed", 4_000],
    ]);
  });

  test("what it is already is no news, and does not change since when", () => {
    const { clock, status, events } = make();
    status.become("registered");
    clock.advance(1_000);
    status.become("registered");
    expect(status.since).toEqual(new Date(0));
    expect(events).toHaveLength(2);
  });

  test("what is closed stays closed", () => {
    const { status, events } = make();
    status.become("closed");
    status.become("registered");
    expect(status.state).toBe("closed");
    expect(events.at(-1)).toEqual({ type: "registration", service: "orders", id: "orders-1", state: "closed" });
  });

  test("a listener may leave, and one that throws does not disturb the others", () => {
    const { status, logger } = make();
    const told: string[] = [];
    const leave = status.onState(() => told.push("leaving"));
    status.onState(() => {
      throw new Error("not my day");
    });
    status.onState((state) => told.push(state));
    leave();
    status.become("registered");
    expect(told).toEqual(["registered"]);
    expect(logger.lines).toMatchObject([{ level: "error", fields: { instance: "orders-1" } }]);
  });
});
