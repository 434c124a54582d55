import { freeNetworks, networkOf, rangesIn } from "./network.ts";
import type { Network } from "./network.ts";
import { run } from "./run.ts";

/** Takes a free network by making its namespace, which only one can. */
export async function claimNetwork(): Promise<Network> {
  const taken = rangesIn(await run("ip", ["-json", "route", "show", "table", "all"]));
  for (const network of freeNetworks(taken)) {
    try {
      await run("ip", ["netns", "add", network.name]);
      return network;
    } catch (error) {
      if (!String(error).includes("File exists")) throw error;
    }
  }
  throw new Error(
    `Every range from ${networkOf(200).range} to ${networkOf(239).range} has a route on this machine already: take down another instance first.`,
  );
}

/** Connects this machine with the node's namespace and tells it the way to pods and services. */
export async function connect({ name, hostAddress, nodeAddress, range }: Network): Promise<void> {
  await run("ip", ["link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name]);
  await run("ip", ["address", "add", `${hostAddress}/30`, "dev", name]);
  await run("ip", ["link", "set", name, "up"]);
  await run("ip", ["-netns", name, "address", "add", `${nodeAddress}/30`, "dev", "eth0"]);
  for (const link of ["lo", "eth0"]) await run("ip", ["-netns", name, "link", "set", link, "up"]);
  await run("ip", ["-netns", name, "route", "add", "default", "via", hostAddress]);
  await run("ip", ["route", "add", range, "via", nodeAddress]);
}

/** Removes the link and the namespace, as far as they are there; the routes go with the link. */
export async function disconnect({ name }: Network): Promise<void> {
  const there = async (...list: string[]): Promise<boolean> =>
    (await run("ip", list)).split("\n").some((line) => line.split(/[\s:@]+/).includes(name));
  if (await there("link", "show")) await run("ip", ["link", "delete", name]);
  if (await there("netns", "list")) await run("ip", ["netns", "delete", name]);
}
