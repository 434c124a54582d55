import type { CommitInfo } from "./git.ts";

/** Reads a commit object's text: headers, an empty line, the message. */
export function parseCommit(id: string, content: Buffer): CommitInfo {
  const text = content.toString("utf8");
  const split = text.indexOf("\n\n");
  const head = split < 0 ? text : text.slice(0, split);
  const message = split < 0 ? "" : text.slice(split + 2);
  const headers = head.split("\n");
  const header = (name: string): string | undefined =>
    headers.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
  const [subject = ""] = message.trimStart().split("\n");
  return {
    id,
    tree: header("tree") ?? "",
    parents: headers.filter((line) => line.startsWith("parent ")).map((line) => line.slice(7)),
    author: (header("author") ?? "").replace(/ \d+ [-+]\d+$/, ""),
    committedAt: isoTime(header("committer") ?? ""),
    subject,
    message,
    trailers: parseTrailers(message),
  };
}

/** The seconds at the end of a signature as ISO 8601 in UTC; the epoch where there are none that a calendar knows. */
function isoTime(signature: string): string {
  const seconds = Number(/ (\d+) [-+]\d+$/.exec(signature)?.[1] ?? "0");
  return new Date(seconds > 253_402_300_799 ? 0 : seconds * 1000).toISOString();
}

/** The `Key: value` lines that make up the last paragraph of a message. */
function parseTrailers(message: string): { readonly [key: string]: string } {
  const paragraphs = message.trim().split(/\n[ \t]*\n/);
  const last = paragraphs.length > 1 ? (paragraphs.at(-1) ?? "") : "";
  const lines = last.replaceAll(/\n[ \t]+/g, " ").split("\n");
  const pairs = lines.map((line) => /^([A-Za-z0-9][A-Za-z0-9-]*): *(.*)$/.exec(line));
  if (pairs.includes(null)) return {};
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
}
