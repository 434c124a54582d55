import { constants } from "node:fs";
import { access, open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { resolveInside } from "./inside.ts";

/** ELF's numbers of the architectures that Node runs on. */
const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };
/** What of a file tells how it is started: its program headers and interpreter are in its first pages. */
const headBytes = 64 * 1024;
/** A script whose interpreter is a script, and so on: the kernel gives up as well. */
const mostInterpreters = 4;

/**
 * The words that start the program `path` of the image at `root`. `name` is the path by which it was found, links not
 * followed, since some programs go by it what they are. The kernel would take a
 * script's interpreter and a program's loader from this machine; those of the image are meant, and its libraries, where
 * it has them. Rejects, in a container runtime's manner, when what the program needs is nowhere.
 */
export async function launchWords(path: string, name: string, root: string): Promise<readonly string[]> {
  return launch({ path, name, root, depth: 0 });
}

interface Program {
  readonly path: string;
  readonly name: string;
  readonly root: string;
  readonly depth: number;
}

async function launch(program: Program): Promise<readonly string[]> {
  const { path, name, root, depth } = program;
  const head = await headOf(path);
  if (head.subarray(0, 2).toString() === "#!") {
    const [, interpreter = "", argument] = /^#![ \t]*(\S+)[ \t]*(.*?)\s*$/m.exec(head.toString("latin1")) ?? [];
    const inside = await resolveInside(root, interpreter);
    if (depth >= mostInterpreters || !(await isProgram(inside))) {
      if (await isProgram(interpreter)) return [path];
      throw lacking(program, `its interpreter ${interpreter} is neither in the image nor on this machine`);
    }
    const started = await launch({ path: inside, name: join(root, interpreter), root, depth: depth + 1 });
    return [...started, ...(argument ? [argument] : []), path];
  }
  const elf = elfOf(head);
  if (elf === undefined) return [path];
  if (elf.machine !== machines[process.arch])
    throw lacking(program, `it is not built for this machine (${process.arch})`);
  if (elf.loader === undefined) return [path];
  const loader = await resolveInside(root, elf.loader);
  if (await isProgram(loader)) return [loader, ...(await loaderOptions(loader, name, root)), path];
  if (await isProgram(elf.loader)) return [path];
  throw lacking(program, `its loader ${elf.loader} is neither in the image nor on this machine`);
}

function lacking({ name, root }: Program, why: string): Error {
  // As the container would see it.
  const seen = name.startsWith(root) ? name.slice(root.length) : name;
  return new Error(`exec: "${seen}": cannot be run without a container runtime: ${why}`);
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** What a 64-bit little-endian ELF file says of itself; undefined for any other file, which is the kernel's to judge. */
function elfOf(head: Buffer): { readonly machine: number; readonly loader: string | undefined } | undefined {
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return undefined;
  const machine = head.readUInt16LE(0x12);
  const [start, size, count] = [Number(head.readBigUInt64LE(0x20)), head.readUInt16LE(0x36), head.readUInt16LE(0x38)];
  for (let at = start; at < start + size * count && at + 0x28 <= head.length; at += size) {
    const isInterpreter = head.readUInt32LE(at) === 3;
    if (!isInterpreter) continue;
    const from = Number(head.readBigUInt64LE(at + 8));
    const text = head.subarray(from, from + Number(head.readBigUInt64LE(at + 0x20))).toString();
    return { machine, loader: text.replace(/\0.*$/s, "") };
  }
  return { machine, loader: undefined };
}

/** Where the image's libraries are, and under which name the program is to see itself, where the loader can tell it. */
async function loaderOptions(loader: string, name: string, root: string): Promise<readonly string[]> {
  const folders = await libraryFolders(root);
  const named = (await readFile(loader)).includes("--argv0") ? ["--argv0", name] : [];
  return ["--library-path", folders.join(":"), ...named];
}

/** The folders that the image's own loader would look into if the image's root were the machine's. */
async function libraryFolders(root: string): Promise<readonly string[]> {
  const configured = await Promise.all(
    (await namesIn(join(root, "etc/ld.so.conf.d"))).map((file) =>
      readFile(join(root, "etc/ld.so.conf.d", file), "utf8").catch(() => ""),
    ),
  );
  const named = configured.flatMap((text) => text.split("\n").filter((line) => line.startsWith("/")));
  const usual = ["/usr/local/lib", "/lib", "/usr/lib", "/lib64", "/usr/lib64"];
  const ofArchitecture = await Promise.all(
    ["/lib", "/usr/lib"].map(async (folder) =>
      (await namesIn(await resolveInside(root, folder)))
        .filter((entry) => /-linux-(gnu|musl)/.test(entry))
        .map((entry) => `${folder}/${entry}`),
    ),
  );
  const inside = await Promise.all(
    [...named, ...ofArchitecture.flat(), ...usual].map((each) => resolveInside(root, each)),
  );
  return [...new Set(inside)];
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch((): string[] => [])).toSorted();
}

/** Whether a path is a file that may be executed. */
export async function isProgram(path: string): Promise<boolean> {
  const executable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  return executable && (await stat(path)).isFile();
}
