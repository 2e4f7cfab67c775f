import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Instance } from "../../src/contract/contract.js";
import type { Entry } from "../conformance/registry.js";

/** A file for `staticRegistry()` in a folder of its own, kept as a careful person would: by putting a new one in its place. */
export class ServicesFile implements AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  readonly #entered = new Map<string, Instance>();

  private constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, "services.yaml");
  }

  static async make(text?: string): Promise<ServicesFile> {
    const file = new ServicesFile(await mkdtemp(join(tmpdir(), "hawser-static-")));
    if (text !== undefined) await file.replace(text);
    return file;
  }

  async replace(text: string): Promise<void> {
    const next = join(this.folder, ".services.yaml.next");
    await writeFile(next, text);
    await rename(next, this.path);
  }

  async enter(instance: Instance): Promise<Entry> {
    const update = async (next: Instance) => {
      this.#entered.set(next.id, next);
      await this.#save();
    };
    await update(structuredClone(instance));
    return {
      update,
      close: async () => {
        this.#entered.delete(instance.id);
        await this.#save();
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  async #save(): Promise<void> {
    const services: Record<string, Partial<Instance>[]> = {};
    for (const { service, ...fields } of this.#entered.values()) {
      services[service] ??= [];
      services[service].push(fields);
    }
    await this.replace(stringify(services));
  }
}
