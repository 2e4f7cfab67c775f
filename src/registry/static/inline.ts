import type { StaticServices } from "./entries.js";

/**
 * A list in one line, as an operator writes it into a URL: `orders=10.0.0.1:50051,10.0.0.2:50051;inventory=10.0.0.3:50051`.
 * What the addresses are is checked by `staticRegistry()`.
 *
 * @throws TypeError for what is not of that form
 */
export function parseStaticServices(line: string): StaticServices {
  const services = new Map<string, readonly string[]>();
  for (const part of line.split(";").filter((each) => each.trim() !== "")) {
    const split = part.indexOf("=");
    const service = part.slice(0, Math.max(split, 0)).trim();
    const addresses = part.slice(split + 1).split(",");
    if (service === "") throw new TypeError(`${JSON.stringify(part)}: expected service=host:port,host:port`);
    if (services.has(service)) throw new TypeError(`${JSON.stringify(line)}: ${service} stands there twice`);
    services.set(
      service,
      addresses.map((each) => each.trim()).filter((each) => each !== ""),
    );
  }
  return Object.fromEntries(services);
}
