import type { Middleware, ServiceDefinition } from "../contract/contract.js";
import { type App, defineApp, type ServiceSpec } from "../service/service.js";
import { fakeService } from "./fake-service.js";

export interface PartOptions {
  readonly only: readonly string[] | undefined;
  readonly replace: { readonly [name: string]: object | undefined };
  /** Around every handler, innermost. */
  readonly middleware: Middleware;
}

/** What of an app is started, and by whom it is played. */
export interface Part {
  /** An app of its own: whom it needs is in it. */
  readonly app: App;
  readonly isFake: (service: string) => boolean;
}

/**
 * Puts fakes in the place of services, and leaves out who is not asked for.
 *
 * @throws RangeError for names nobody has, and for needs that neither the part nor a fake provides, with the way out
 * @throws TypeError for fakes that do not fit
 */
export function partOf(app: App, { only, replace, middleware }: PartOptions): Part {
  const fakes = new Map<string, ServiceSpec>();
  for (const [name, given] of Object.entries(replace)) {
    if (given !== undefined) fakes.set(name, fakeService(name, contractsOf(app, name), given));
  }
  const known = app.services.map(({ name }) => name);
  const unknown = only?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`only: ${app.name} has no service "${unknown}" (it has: ${known.join(", ")})`);
  }
  const real = app.services.filter(({ name }) => !fakes.has(name) && (only?.includes(name) ?? true));
  const here = new Set([...real.map(({ name }) => name), ...fakes.keys()]);
  for (const spec of real) checkNeeds(spec, here, real);
  const services = [...real.map(alone), ...fakes.values()].map((spec) => ({
    ...spec,
    middleware: [...spec.middleware, middleware],
  }));
  return {
    app: defineApp({ name: app.name, services, middleware: app.middleware }),
    isFake: (name) => fakes.has(name),
  };
}

/** Of one that is outside of the app, all that is known of it. */
function contractsOf(app: App, name: string): ReadonlyMap<string, ServiceDefinition> {
  const service = app.services.find((each) => each.name === name);
  if (service !== undefined) return service.contracts;
  const needs = app.services.flatMap((each) => each.needs);
  const contracts = new Map(
    needs.filter((need) => need.service === name).map(({ contract }) => [contract.fullName, contract]),
  );
  if (contracts.size === 1) return new Map([["", [...contracts.values()][0] as ServiceDefinition]]);
  if (contracts.size > 1) return contracts;
  const known = [...new Set([...app.services.map((each) => each.name), ...needs.map((need) => need.service)])];
  throw new RangeError(`replace: ${app.name} has no service "${name}" and needs none (it has: ${known.join(", ")})`);
}

function checkNeeds(spec: ServiceSpec, here: ReadonlySet<string>, real: readonly ServiceSpec[]): void {
  const missing = spec.needs.find((need) => !here.has(need.service));
  if (missing === undefined) return;
  const { service, external } = missing;
  const replaceIt = `replace: { ${key(service)}: { … } }`;
  const names = [...real.map(({ name }) => name), service].map((name) => JSON.stringify(name)).join(", ");
  throw new RangeError(
    external
      ? `${spec.name} needs ${service}, which is no service of this app; say ${replaceIt}`
      : `${spec.name} needs ${service}, which is neither started nor replaced; say only: [${names}], or ${replaceIt}`,
  );
}

function key(name: string): string {
  return /^[a-z0-9]+$/.test(name) ? name : JSON.stringify(name);
}

/** Everybody it needs is in this process now. */
function alone(spec: ServiceSpec): ServiceSpec {
  return { ...spec, needs: spec.needs.map((need) => ({ ...need, external: false, placement: "auto" })) };
}
