import { defineConfig } from "vitest/config";

/** Tests that start commands and programs, each with processes of its own: they come last, and disturb nobody. */
const commands = ["cli", "docs", "examples", "interop/outside", "package", "parity"].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

export default defineConfig({
  test: {
    // For machines that are slow, or busy with something else: nobody waits who need not.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "in-process",
          include: ["test/**/*.test.ts"],
          exclude: commands,
          sequence: { groupOrder: 0 },
          // Most of them wait for something: two at a time on a machine of two cores, too.
          maxWorkers: 2,
          typecheck: { enabled: true, include: ["test/types/**/*.test-d.ts"], tsconfig: "./tsconfig.json" },
        },
      },
      {
        extends: true,
        test: { name: "commands", include: commands, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
