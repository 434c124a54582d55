import type { Clock } from "../../clock/clock.ts";
import type { Processes } from "../../process/process.ts";
import type { PushProgress, Registry } from "../registry.ts";
import { Authorization } from "./authorization.ts";
import { networkBlobs } from "./blobs.ts";
import { Connections } from "./connections.ts";
import { loginFor } from "./docker-config.ts";
import { Exchange } from "./exchange.ts";
import { networkManifests } from "./manifests.ts";

/** How registries on the network are reached. */
export interface NetworkRegistryOptions {
  /** As it may be shown: `registry.example.com/team`. */
  readonly location: string;
  readonly clock: Clock;
  /** From 0 up to but not 1. */
  readonly random: () => number;
  readonly processes: Processes;
  /** Proxies, authorities and docker's configuration, by the usual variables. */
  readonly environment: { readonly [name: string]: string | undefined };
  /** Docker configurations as JSON whose accounts go before those of `environment`. Default none. */
  readonly logins?: readonly string[];
  /** Hosts that may be spoken to without TLS. This machine itself always may. */
  readonly insecure?: readonly string[];
  readonly onProgress?: (progress: PushProgress) => void;
  readonly signal?: AbortSignal | undefined;
  /** How often anything is tried at most. Default 6: some seconds until a registry that is not there is told of. */
  readonly attempts?: number;
  /** Between tries. Default from 250 ms to 15 s. */
  readonly backOff?: { readonly baseMs: number; readonly maxMs: number };
  /** How long one request may take to the end of its answer, in milliseconds; default as long as it goes on. */
  readonly requestMs?: number;
  /** Larger blobs are pushed in pieces of this many bytes. Default 16 MiB. */
  readonly pieceBytes?: number;
}

/**
 * Registries on the network by the OCI distribution specification; a repository's name says which one. Everything that may
 * pass is tried again; nothing is sent that is there already. A registry cannot be asked to set a tag only if it is free:
 * of two machines that give one tag to two images at the same instant the later one has it, and the other is told.
 */
export function networkRegistry(options: NetworkRegistryOptions): Registry {
  const { clock, random, environment, processes, signal } = options;
  const connections = new Connections({
    environment,
    insecure: options.insecure ?? [],
    signal,
    requestMs: options.requestMs,
  });
  const authorization = new Authorization({
    connections,
    clock,
    loginFor: (address) => loginFor(address, { configurations: options.logins ?? [], environment, processes }),
  });
  const exchange = new Exchange(connections, authorization, {
    clock,
    random,
    signal,
    attempts: options.attempts ?? 6,
    backOff: options.backOff ?? { baseMs: 250, maxMs: 15_000 },
  });
  return {
    location: options.location,
    ...networkBlobs({
      exchange,
      pieceBytes: options.pieceBytes ?? 16 * 1024 * 1024,
      onProgress: options.onProgress ?? (() => undefined),
    }),
    ...networkManifests(exchange),
  };
}
