import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { removeControlGroup } from "./cgroups.ts";
import type { Instance } from "./instance.ts";
import { disconnect } from "./link.ts";
import { killDaemons } from "./processes.ts";

/** Ends every process of an instance and removes all that it made: links, namespaces, control groups and its folder. */
export async function down({ folder, network }: Instance): Promise<void> {
  await killDaemons(folder);
  await disconnect(network);
  await removeControlGroup(network.name);
  // The record goes last: until then a second attempt knows what to take down.
  const names = await readdir(folder);
  const record = "instance.json";
  for (const name of names) if (name !== record) await rm(join(folder, name), { recursive: true, force: true });
  await rm(join(folder, record), { force: true });
  await rmdir(folder);
}
