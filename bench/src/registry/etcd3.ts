/** As etcd3's documentation shows it: read all keys of a service, and watch them by its own watcher. */
import { Etcd3 } from "etcd3";
import { type Follow, prefix } from "./picture.js";

export const follow: Follow = async (host, services) => {
  const client = new Etcd3({ hosts: `http://${host}` });
  const ids = new Map<string, Set<string>>();
  let told = (_service: string): void => {};
  await Promise.all(
    services.map(async (service) => {
      const under = `${prefix}/${service}/`;
      const known = new Set(Object.values(await client.getAll().prefix(under).strings()).map(idIn));
      ids.set(service, known);
      const watcher = await client.watch().prefix(under).create();
      watcher.on("put", ({ value }) => {
        known.add(idIn(value.toString()));
        told(service);
      });
      watcher.on("delete", ({ key }) => {
        known.delete(key.toString().slice(under.length));
        told(service);
      });
    }),
  );
  return {
    ids: (service) => ids.get(service) ?? new Set(),
    onChange: (listener) => {
      told = listener;
    },
    close: async () => client.close(),
  };
};

function idIn(value: string): string {
  return (JSON.parse(value) as { id: string }).id;
}
