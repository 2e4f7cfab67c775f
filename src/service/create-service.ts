import { ComposedService } from "./composed-service.js";
import { resolveServiceOptions, type ServiceOptions } from "./options.js";
import type { Service } from "./service-interface.js";

/**
 * Makes a service. Begins no work before `start()` or `run()`.
 *
 * @throws TypeError for an option that cannot be, naming it
 * @example
 * const service = createService({ name: "greeter", version: "1.0.0" })
 *   .add(GreeterServiceDefinition, { sayHello: ({ name }) => ({ text: `Hello ${name}` }) });
 * await service.run();
 */
export function createService(options: ServiceOptions): Service {
  return new ComposedService(resolveServiceOptions(options));
}
