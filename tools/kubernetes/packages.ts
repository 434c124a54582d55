import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Part } from "./cache.ts";
import { roomFile } from "./fill.ts";
import { Lacking } from "./lacking.ts";
import { run } from "./run.ts";

/** Changes whenever the same packages would be laid out in another way. */
const layoutVersion = 1;
const listFile = roomFile("data/packages.json");
/** Debian's keys; the package debian-archive-keyring has them on other distributions. */
export const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

interface PackageList {
  readonly suite: string;
  readonly packages: readonly string[];
}

async function packageList(): Promise<PackageList> {
  return JSON.parse(await readFile(listFile, "utf8")) as PackageList;
}

/** The node's root: Debian packages, unpacked and not installed, so that nothing of the machine itself changes or matters. */
export const debianPackages: Part = {
  title: "the node's Debian packages",
  name: async () => {
    const list = await readFile(listFile, "utf8");
    const hash = createHash("sha256").update(`${layoutVersion} ${process.arch} ${list}`).digest("hex");
    return `debian-${(JSON.parse(list) as PackageList).suite}-${hash.slice(0, 8)}`;
  },
  make: async (root) => {
    const list = await packageList();
    const work = await mkdtemp(join(tmpdir(), "plumbline-packages-"));
    try {
      await layOut(root);
      for (const file of await download(list, work)) await run("dpkg-deb", ["--extract", file, root]);
      await linkPrograms(root);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    // As on any system: the folder above was made for its maker alone.
    await chmod(root, 0o755);
  },
};

/**
 * Debian packages unpacked into a folder of their own, for one program that tests want and that no machine need have
 * installed. They run by their own loader.
 */
export function debianProgram(name: string, packages: readonly string[]): Part {
  return {
    title: `Debian's ${name}`,
    name: async () => {
      const hash = createHash("sha256")
        .update(`${layoutVersion} ${process.arch} ${packages.join(" ")}`)
        .digest("hex");
      return `${name}-${(await packageList()).suite}-${hash.slice(0, 8)}`;
    },
    make: async (root) => {
      const work = await mkdtemp(join(tmpdir(), "plumbline-packages-"));
      try {
        await layOut(root);
        const list = { ...(await packageList()), packages };
        for (const file of await download(list, work)) await run("dpkg-deb", ["--extract", file, root]);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    },
  };
}

/** Fetches the packages through an apt of its own: own sources, lists and cache, so that the machine's stay as they are. */
async function download({ suite, packages }: PackageList, work: string): Promise<readonly string[]> {
  const folders = ["lists/partial", "cache/archives/partial", "packages"];
  for (const folder of folders) await mkdir(join(work, folder), { recursive: true });
  const source = `deb [signed-by=${keyring}] http://deb.debian.org/debian ${suite} main\n`;
  await writeFile(join(work, "sources.list"), source);
  await writeFile(join(work, "status"), "");
  const settings = {
    "Dir::Etc::SourceList": join(work, "sources.list"),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": join(work, "lists"),
    "Dir::State::Status": join(work, "status"),
    "Dir::Cache": join(work, "cache"),
    "Acquire::Languages": "none",
    "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    // An update that could not fetch its list is an error, not a warning.
    "APT::Update::Error-Mode": "any",
    "APT::Sandbox::User": "root",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["--option", `${name}=${value}`]);
  const folder = join(work, "packages");
  try {
    await run("apt-get", [...options, "--quiet=2", "update"]);
    await run("apt-get", [...options, "--quiet=2", "download", ...packages], { cwd: folder });
  } catch (error) {
    const why = /E: .*/.exec(String(error))?.[0] ?? String(error);
    throw new Lacking(`The node's packages need http://deb.debian.org, which gave: ${why}`, { cause: error });
  }
  return (await readdir(folder)).toSorted().map((name) => join(folder, name));
}

/** The folders that packages expect, and those that the node's own are mounted over. */
async function layOut(root: string): Promise<void> {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    await mkdir(join(root, "usr", name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
  for (const name of ["dev", "etc", "mnt", "opt/kubernetes", "proc", "run", "sys", "tmp", "var"]) {
    await mkdir(join(root, name), { recursive: true });
  }
}

/** What installing would do: iptables is the one for nf_tables, and busybox stands in for every program that is missing. */
async function linkPrograms(root: string): Promise<void> {
  const bin = join(root, "usr/bin");
  for (const name of ["iptables", "ip6tables"].flatMap((each) => [each, `${each}-save`, `${each}-restore`])) {
    await symlink("../sbin/xtables-nft-multi", join(bin, name));
  }
  const applets = (await run(join(bin, "busybox"), ["--list"])).trim().split("\n");
  for (const name of applets) {
    const there = [bin, join(root, "usr/sbin")].some((folder) => existsSync(join(folder, name)));
    if (!there) await symlink("busybox", join(bin, name));
  }
}
