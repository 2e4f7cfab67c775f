import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { Shell } from "./support/real-command.js";

const timeout = 30_000;

describe("an app that blocks where it is loaded", () => {
  const blocking = async (shell: Shell) => {
    const [file, started] = [join(shell.folder, "app.mjs"), join(shell.folder, "started")];
    await writeFile(file, `import fs from "node:fs"; fs.writeFileSync(${JSON.stringify(started)}, ""); for (;;);`);
    return { file, begun: () => vi.waitFor(() => access(started), 20_000) };
  };

  it("holds up no Ctrl-C of `hawser up`, and its process ends too", { timeout }, async () => {
    await using shell = await Shell.open();
    const { file, begun } = await blocking(shell);
    const up = shell.start(["up", file]);
    await begun();
    up.signal("SIGINT");

    expect((await up.ended).code).toBe(130);
    expect(shell.family()).toEqual([]);
  });

  it("is given up after a while, and that is said", { timeout }, async () => {
    await using shell = await Shell.open();
    const { file } = await blocking(shell);
    const { code, err } = await shell.run(["up", file, "--start-timeout", "1s"]);

    expect(code).toBe(1);
    expect(err).toMatch(/app\.mjs has not been read within 6 s; does it wait, or compute, at its top level\?\n$/);
    expect(shell.family()).toEqual([]);
  });
});
