import { Option } from "commander";
import { forgeKinds } from "../status/forge/forge.ts";
import { branch, duration, notifyAddress, pageAddress, port } from "./options.ts";

/** The tracked branch. */
export function branchOption(): Option {
  return new Option("--branch <name>", "the tracked branch").argParser(branch).default("main");
}

/** A repository, found by where the command is called unless it is named; `what` it may be. */
export function repositoryOption(what: string): Option {
  return new Option("--repository <url>", `${what}; default that of \`plumb up\` here, then the clone here`);
}

/** The folder of `plumb up`. */
export function folderOption(): Option {
  return new Option("--folder <folder>", "where `plumb up` keeps everything").default(".plumb");
}

/** Which of a kubeconfig's contexts is meant. */
export function contextOption(): Option {
  return new Option("--context <name>", "a context of the kubeconfig; default its current one");
}

/** The namespace of an engine, in the words of the command. */
export function namespaceOption(what: string): Option {
  return new Option("--namespace <name>", what).default("plumbline-system");
}

/** A port to listen on. */
export function portOption(flags: string, what: string, fallback: number): Option {
  return new Option(flags, `${what}; 0 is any that is free`).argParser(port).default(fallback);
}

/** A duration. Help shows the default as one would type it: a bare number would be read as seconds. */
export function durationOption(flags: string, description: string, fallback: string): Option {
  return new Option(flags, description).argParser(duration).default(duration(fallback), fallback);
}

/** The kind of forge that is told of deliveries. */
export function forgeOption(): Option {
  return new Option("--forge <kind>", "the forge; default what the repository's URL says").choices(forgeKinds);
}

/** The address of the forge's API. */
export function forgeUrlOption(): Option {
  const what = "where the forge's API is; default what follows from the repository's URL";
  return new Option("--forge-url <url>", what).argParser(pageAddress);
}

/** The address of the status page in links to it. */
export function pageUrlOption(): Option {
  return new Option("--page-url <url>", "where people find the status page, for links to it").argParser(pageAddress);
}

/** The address that is told everything. */
export function notifyUrlOption(): Option {
  return new Option("--notify-url <url>", "tell this URL everything, by signed POSTs").argParser(notifyAddress);
}
