import { isPlacement } from "../../service/needs.js";
import type { App, Placement } from "../../service/service.js";
import { UsageError } from "../failure.js";
import { knownService } from "./addresses.js";

/** Where the calls of each need go, as `--place` says. @throws UsageError for what is no `service.need=placement` of the app */
export function placementsOf(given: readonly string[], app: App): (service: string, need: string) => Placement {
  const places = new Map<string, Placement>();
  for (const each of given) {
    const what = `--place ${each}`;
    const [, service = "", need = "", placement = ""] = /^([^.=]+)\.([^=]+)=(\w+)$/.exec(each) ?? [];
    if (!isPlacement(placement)) {
      throw new UsageError(`${what}: expected service.need=auto, local or remote, like orders.inventory=remote`);
    }
    knownService(app, service, what);
    const needs = app.services.find(({ name }) => name === service)?.needs ?? [];
    const found = needs.find(({ name }) => name === need);
    if (found === undefined) {
      const known = needs.map(({ name }) => name).join(", ") || "nothing";
      throw new UsageError(`${what}: ${service} has no need "${need}" (it needs: ${known})`);
    }
    if (found.placement !== "auto" && found.placement !== placement) {
      throw new UsageError(`${what}: ${service} says itself that ${need} is ${found.placement}; change it there`);
    }
    places.set(`${service}.${need}`, placement);
  }
  return (service, need) => places.get(`${service}.${need}`) ?? "auto";
}
