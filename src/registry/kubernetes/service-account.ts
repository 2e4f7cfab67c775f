import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** Where Kubernetes mounts into a pod who it is. */
export const usualFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** @throws TypeError where the pod has no namespace mounted */
export function mountedNamespace(folder: string): string {
  const path = `${folder}/namespace`;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new TypeError(
      `kubernetesRegistry: ${path} cannot be read; does the pod mount its service account (automountServiceAccountToken)? otherwise give namespace`,
      { cause },
    );
  }
}

/** Reads a mounted file whenever it is called: what is mounted changes. */
export function mountedReader(folder: string, file: "token" | "ca.crt"): () => Promise<string> {
  return async () => (await readFile(`${folder}/${file}`, "utf8")).trim();
}
