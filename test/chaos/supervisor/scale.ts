import type { Fault } from "../fault.js";
import { ShopCallers } from "./callers.js";
import { SupervisedShop } from "./supervised-shop.js";

/** Services grow and shrink under load: no call fails. */
export const scale: Fault = {
  name: "scale",
  rounds: 6,
  async run({ rounds, random, signal, progress }) {
    await using shop = await SupervisedShop.start();
    const callers = new ShopCallers(shop.registry);
    await callers.more(500);
    const services = ["storefront", "orders", "inventory"];
    const broken: string[] = [];
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      const group = services[Math.floor(random() * services.length)]!;
      const count = 1 + Math.floor(random() * 3);
      for await (const _ of shop.control.scale({ group, count }));
      const running = (await shop.children()).filter(
        (child) => child.group === group && child.state === "ready",
      ).length;
      if (running !== count) broken.push(`${group}: ${running} run, ${count} were asked for`);
      await callers.more(200);
      progress(`${group}=${count}, ${callers.calls} calls, ${callers.failed} failed`);
    }
    await callers.stop();
    if (callers.failed > 0) broken.push(`${callers.failed} calls failed: ${callers.complaints.join("; ")}`);
    return { rounds, calls: callers.calls, failed: callers.failed, detail: "up and down, 1 to 3 of each", broken };
  },
};
