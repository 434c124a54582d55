import assert from "node:assert/strict";
import { test } from "node:test";
import { hierarchies } from "./cgroups.ts";

test("version 1 has a hierarchy for each controller, version 2 has one", () => {
  const one = `tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
cgroup /tmp/elsewhere cgroup rw,relatime,memory 0 0
`;
  const all = ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"];
  assert.deepEqual(hierarchies(one), all);
  assert.deepEqual(hierarchies("cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\nproc /proc proc rw 0 0\n"), [
    "/sys/fs/cgroup",
  ]);
  assert.deepEqual(hierarchies("proc /proc proc rw 0 0\n"), []);
});
