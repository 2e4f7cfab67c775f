import { connect } from "node:net";
import { onTestFinished } from "vitest";
import type { Client, Handlers } from "../../../src/contract/contract.js";
import { silentLogger } from "../../../src/contract/contract.js";
import { memoryRegistry } from "../../../src/registry/memory/memory.js";
import type { Registration, Registry, Watch } from "../../../src/registry/registry.js";
import {
  type App,
  defineService,
  type NeedSpec,
  type RunningApp,
  type ServiceSpec,
  type SetupContext,
  type StartAppOptions,
  startApp,
} from "../../../src/service/service.js";
import type { LogLine } from "../../registry/recording-logger.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";

export type EchoHandlers = Handlers<EchoServiceDefinition>;
export type EchoClient = Client<EchoServiceDefinition>;
export type EchoSetup = SetupContext<{ readonly [name: string]: EchoServiceDefinition }>;

export interface EchoOptions {
  readonly needs?: readonly string[] | { readonly [name: string]: NeedSpec };
  readonly handlers?: (context: EchoSetup) => Partial<EchoHandlers>;
  readonly setup?: (context: EchoSetup) => unknown;
}

/** A service that echoes, but for the handlers given; needs others that do. */
export function echoing(name: string, { needs = [], handlers, setup }: EchoOptions = {}): ServiceSpec {
  const contracts = isList(needs) ? Object.fromEntries(needs.map((need) => [need, EchoServiceDefinition])) : needs;
  return defineService({
    name,
    contract: EchoServiceDefinition,
    needs: contracts,
    async setup(given) {
      const context = given as unknown as EchoSetup;
      await setup?.(context);
      return echo({ unary: () => ({ text: name }), ...handlers?.(context) });
    },
  }) as ServiceSpec;
}

function isList(needs: object): needs is readonly string[] {
  return Array.isArray(needs);
}

/** Starts an app that says nothing, and closes it when the test is over. */
export async function started(app: App, options: StartAppOptions = {}): Promise<RunningApp> {
  const running = await startApp(app, { logger: () => silentLogger, drainMs: 20, graceMs: 5000, ...options });
  onTestFinished(() => running.close());
  return running;
}

/** What others share, and whether somebody has left something in it. */
export class SharedRegistry implements Registry {
  readonly name = "shared:";
  readonly #registry = memoryRegistry();
  readonly #open = new Set<Registration | Watch>();

  get capabilities() {
    return this.#registry.capabilities;
  }

  /** How many registrations and watches are not closed. */
  get open(): number {
    return this.#open.size;
  }

  async register(...args: Parameters<Registry["register"]>): Promise<Registration> {
    const registration = await this.#registry.register(...args);
    this.#open.add(registration);
    const close = (): Promise<void> => {
      this.#open.delete(registration);
      return registration.close();
    };
    return {
      get state() {
        return registration.state;
      },
      get since() {
        return registration.since;
      },
      onState: (listener) => registration.onState(listener),
      update: (instance) => registration.update(instance),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  watch(...args: Parameters<Registry["watch"]>): Watch {
    const watch = this.#registry.watch(...args);
    this.#open.add(watch);
    const close = (): Promise<void> => {
      this.#open.delete(watch);
      return watch.close();
    };
    return { close, [Symbol.asyncDispose]: close };
  }

  list() {
    return this.#registry.list();
  }

  close() {
    return this.#registry.close();
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }
}

/** Whether somebody listens there: `grpc://127.0.0.1:50051`, `http://…`. */
export function listens(endpoint: string): Promise<boolean> {
  const { hostname, port } = new URL(endpoint.replace(/^grpc:/, "http:"));
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const answer = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once("connect", () => answer(true)).once("error", () => answer(false));
  });
}

/** A promise and how to settle it. */
export function gate<T = void>(): { readonly passed: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => {};
  const passed = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** What a logger was told of as errors. */
export function errorsOf({ lines }: { readonly lines: readonly LogLine[] }): readonly string[] {
  return lines.filter(({ level }) => level === "error").map(({ message }) => message);
}
