import type { Client, KubeObject } from "../../cluster/core.ts";
import { engineNamespace } from "../world/engine-process.ts";

interface Stored extends KubeObject {
  readonly data?: { readonly entries?: string };
}

/** What an inventory names, as `Kind namespace/name`; `label` is the application as its objects' label has it. */
export function inventoryNames(client: Client, label: string): ReadonlySet<string> {
  const name = `plumbline-inventory-${label}`;
  const found = client.get<Stored>({ group: "", resource: "configmaps" }, engineNamespace, name);
  const entries = JSON.parse(found?.data?.entries ?? "[]") as readonly Readonly<Record<string, string>>[];
  return new Set(entries.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`));
}
