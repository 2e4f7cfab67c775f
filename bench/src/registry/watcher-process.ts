/** One process that follows services in etcd, and says what that costs it: `watcher-process.js <hawser|etcd3>`. */
import { Etcd3 } from "etcd3";
import { answer, cpuUs } from "../process/child.js";
import { memory } from "../process/memory.js";
import { instanceJson, keyOf } from "./instances.js";
import type { Follow, Picture } from "./picture.js";

const [party = ""] = process.argv.slice(2);
const { follow } = (await import(`./${party}.js`)) as { readonly follow: Follow };

let picture: Picture | undefined;
let writer: Etcd3 | undefined;
const waiting = new Set<() => void>();

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!condition()) return;
      waiting.delete(check);
      resolve();
    };
    waiting.add(check);
    check();
  });
}

answer({
  /** What is alive on the heap and beside it, in bytes. */
  memory(): number {
    const { heap, external } = memory();
    return heap + external;
  },
  cpuUs,
  /** @returns how long it took until all were known, in ms */
  async follow({ host, services }: { readonly host: string; readonly services: readonly string[] }): Promise<number> {
    writer ??= new Etcd3({ hosts: `http://${host}` });
    await writer.get("warm-up");
    const begun = performance.now();
    picture = await follow(host, services);
    const took = performance.now() - begun;
    picture.onChange(() => {
      for (const check of [...waiting]) check();
    });
    return took;
  },
  /** An instance is put and taken out again. @returns how long each took to be seen, in ms, the request included */
  async comeAndGo({
    service,
    id,
  }: {
    readonly service: string;
    readonly id: string;
  }): Promise<readonly [number, number]> {
    const putAt = performance.now();
    const put = writer!.put(keyOf(service, id)).value(instanceJson(service, id)).exec();
    await until(() => picture!.ids(service).has(id));
    const seenAt = performance.now();
    await put;
    const deleteAt = performance.now();
    const deleted = writer!.delete().key(keyOf(service, id)).exec();
    await until(() => !picture!.ids(service).has(id));
    const goneAt = performance.now();
    await deleted;
    return [seenAt - putAt, goneAt - deleteAt];
  },
  /** Resolves once every service has exactly these ids. */
  async knows({
    services,
    ids,
  }: {
    readonly services: readonly string[];
    readonly ids: readonly string[];
  }): Promise<void> {
    const pending = new Set(services);
    await until(() => {
      for (const service of pending) {
        const known = picture!.ids(service);
        if (known.size === ids.length && ids.every((id) => known.has(`${service}-${id}`))) pending.delete(service);
        else return false;
      }
      return true;
    });
  },
  async close(): Promise<void> {
    await picture?.close();
  },
});
