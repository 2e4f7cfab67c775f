export class Interrupted extends Error {}

/** Rejects at the first signal that asks to stop; a second one does not wait. */
export function interrupted(): Promise<never> {
  return new Promise((_, reject) => {
    let again = false;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (again) process.exit(130);
        again = true;
        reject(new Interrupted(`interrupted (${signal})`));
      });
    }
  });
}
