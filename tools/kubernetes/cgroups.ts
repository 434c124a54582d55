import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "./until.ts";

const root = "/sys/fs/cgroup";

/** The mount points of every control group hierarchy: one a controller in version 1, a single one in version 2. */
export function hierarchies(mounts: string = readFileSync("/proc/mounts", "utf8")): readonly string[] {
  const lines = mounts.split("\n").map((line) => line.split(" "));
  const found = lines.filter(([, path = "", kind = ""]) => /^cgroup2?$/.test(kind) && path.startsWith(root));
  return [...new Set(found.map(([, path = ""]) => path))].toSorted();
}

/** Makes a group of this name in every hierarchy; the kubelet puts all pods below it and makes it in none. */
export async function makeControlGroup(name: string): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const group = join(hierarchy, name);
    await mkdir(group, { recursive: true });
    // In version 1 a new group may use no processor and no memory until it is told which.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const all = join(hierarchy, file);
      if (existsSync(all)) await writeFile(join(group, file), readFileSync(all));
    }
  }
}

/** Removes the group and all below it, as soon as what was killed there is gone. */
export async function removeControlGroup(name: string): Promise<void> {
  for (const group of hierarchies().map((hierarchy) => join(hierarchy, name))) {
    const removed = (): Promise<boolean> =>
      removeTree(group).then(
        () => true,
        () => false,
      );
    if (!(await until(removed, 10_000)))
      throw new Error(`the control group ${group} cannot be removed: something runs in it`);
  }
}

async function removeTree(group: string): Promise<void> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  // The files of a group are the kernel's and go with it.
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(group, entry.name));
  await rmdir(group);
}
