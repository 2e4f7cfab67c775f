import { describe, expect, test } from "vitest";
import { OutgoingCall } from "../../src/client/outgoing-call.js";
import { abortSource, Cancellation, Metadata } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { methodOf } from "../telemetry/support/fake-call.js";

const left = new RpcError(Code.CANCELLED, "left");

class Listener {
  heard = 0;

  handleEvent(): void {
    this.heard++;
  }
}

describe("the cancellation of a call", () => {
  test("tells every listener once, whether or not there is a signal", () => {
    const cancellation = new Cancellation();
    const listeners = [new Listener(), new Listener(), new Listener()];
    for (const listener of listeners) cancellation.addEventListener("abort", listener);
    cancellation.abort(left);
    cancellation.abort(new Error("once more"));
    expect(listeners.map(({ heard }) => heard)).toEqual([1, 1, 1]);
    expect(cancellation).toMatchObject({ aborted: true, reason: left });
  });

  test("tells nobody who has stopped to listen, and whoever came in his place", () => {
    const cancellation = new Cancellation();
    const [first, second, third] = [new Listener(), new Listener(), new Listener()];
    cancellation.addEventListener("abort", first);
    cancellation.addEventListener("abort", second);
    cancellation.removeEventListener("abort", first);
    cancellation.removeEventListener("abort", second);
    cancellation.addEventListener("abort", third);
    cancellation.abort(left);
    expect([first.heard, second.heard, third.heard]).toEqual([0, 0, 1]);
  });

  test("a signal made before or after says the same", () => {
    const [before, after] = [new Cancellation(), new Cancellation()];
    const { signal } = before;
    let heard = 0;
    signal.addEventListener("abort", () => heard++);
    before.abort(left);
    after.abort(left);
    expect(heard).toBe(1);
    for (const each of [signal, before.signal, after.signal]) {
      expect(each).toBeInstanceOf(AbortSignal);
      expect(each).toMatchObject({ aborted: true, reason: left });
    }
  });
});

describe("what a call is ended by", () => {
  const call = (ending?: AbortSignal | Cancellation) =>
    new OutgoingCall(methodOf("unary"), {}, new Metadata(), undefined, ending);

  test("its signal, and nothing where there is none", () => {
    const { signal } = new AbortController();
    expect(call(signal).signal).toBe(signal);
    expect(abortSource(call(signal))).toBe(signal);
    expect(call().signal).toBeUndefined();
    expect(abortSource(call())).toBeUndefined();
  });

  test("one signal of its cancellation, for all that comes of the call", () => {
    const cancellation = new Cancellation();
    const made = call(cancellation);
    expect(abortSource(made.with({ attempt: 1 }))).toBe(cancellation);
    expect(made.with({ attempt: 1 }).signal).toBe(made.signal);
    expect(made.signal).toBe(cancellation.signal);
  });

  test("what a middleware puts in its place, and nothing else", () => {
    const { signal } = new AbortController();
    const changed = call(new Cancellation()).with({ signal });
    expect([changed.signal, abortSource(changed)]).toEqual([signal, signal]);
    const freed = changed.with({ signal: undefined });
    expect([freed.signal, abortSource(freed)]).toEqual([undefined, undefined]);
  });
});
