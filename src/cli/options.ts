import { InvalidArgumentError } from "commander";
import { checkBranch } from "../io/git/remote.ts";
import { ProblemError } from "../model/problem.ts";
import { parseDuration } from "../source/duration.ts";

/** Reads a TCP port; 0 stands for any that is free. */
export function port(text: string): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number <= 65_535) return number;
  throw new InvalidArgumentError("A port is a number from 0 to 65535; 0 is any that is free.");
}

/** Reads a number of things, none included. */
export function count(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A whole number, 0 or more.");
}

/** Reads how many engines there shall be. */
export function replicas(text: string): number {
  const number = Number(text);
  if (/^\d{1,2}$/.test(text) && number > 0) return number;
  throw new InvalidArgumentError("A number from 1 to 99.");
}

/** Reads a duration such as `90s`, `2m` or `500ms`, to milliseconds; a bare number is seconds. */
export function duration(text: string): number {
  const ms = parseDuration(/^\d{1,6}$/.test(text) ? `${text}s` : text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError("A duration is written like 30s, 2m, 1h30m or 500ms, and is more than nothing.");
}

/** Reads a duration that is handed on as it was written. */
export function durationText(text: string): string {
  duration(text);
  return /^\d+$/.test(text) ? `${text}s` : text;
}

/** Reads the address of a status page: http or https, with a slash at its end. */
export function pageAddress(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.endsWith("/") ? text : `${text}/`;
  throw new InvalidArgumentError("An address is written like http://127.0.0.1:8480/.");
}

/** Reads a URL to send to: https, or http; without credentials, which everyone could read in the list of processes. */
export function notifyAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") return url;
  throw new InvalidArgumentError("A URL is written like https://example.com/hooks, without user and password.");
}

/** Reads the name of a branch, by the rule that the git door keeps: refused here, it can spoil nothing later. */
export function branch(text: string): string {
  try {
    checkBranch(text);
    return text;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    throw new InvalidArgumentError(error.problem.remedy ?? error.problem.message);
  }
}
