import type { Cache, Files } from "../io/files/files.ts";
import type { HostProgram, HostRuntime } from "../io/files/host-runtime.ts";
import type { Git, Signature } from "../io/git/git.ts";
import type { Processes } from "../io/process/process.ts";
import type { PushProgress, Registry } from "../io/registry/registry.ts";
import type { RegistryPlace } from "./release-file.ts";

/** The doors that release goes through; those that release.yaml decides about are opened when it has been read. */
export interface ReleaseDoors {
  readonly processes: Processes;
  readonly files: Files;
  /** The Node of this machine, asked for when an image's base is `node`. */
  readonly hostRuntime: (programs: readonly HostProgram[]) => Promise<HostRuntime>;
  /** A layout's folder is absolute here; one on the network tells what it is sent. */
  readonly openRegistry: (place: RegistryPlace, onProgress: (progress: PushProgress) => void) => Registry;
  /** Remembers built layers of that registry between runs; release gives the same bytes without it. */
  readonly openCache: (place: RegistryPlace) => Cache;
  /** A mirror of the deployment repository (a URL or an absolute path), kept in `folder` until release is done. */
  readonly openDeployment: (repository: string, folder: string) => Promise<Git>;
}

/** What a release is told as it goes, for people who wait. */
export type ReleaseEvent =
  | { readonly kind: "reading"; readonly commit: string; readonly version: string }
  | { readonly kind: "building"; readonly image: string; readonly command: string }
  | { readonly kind: "output"; readonly image: string; readonly text: string }
  /** `reused` says why nothing was built: the same source was built before, or the image was released before. */
  | { readonly kind: "built"; readonly image: string; readonly reused?: "layers" | "image" }
  /** A blob is on its way; `sent` of `size` bytes. */
  | ({ readonly kind: "pushing" } & PushProgress)
  | { readonly kind: "pushed"; readonly image: string; readonly reference: string; readonly bytes: number }
  | { readonly kind: "raced"; readonly branch: string; readonly attempt: number }
  | { readonly kind: "pinned"; readonly commit: string; readonly places: readonly string[] }
  | { readonly kind: "unchanged"; readonly path: string };

/** What to release, and as whom. */
export interface ReleaseOptions {
  /** The application's repository: an absolute path. */
  readonly source: string;
  /** Default HEAD. */
  readonly commitish?: string;
  readonly author: { readonly name: string; readonly email: string };
  /** When the deployment commit is written, in milliseconds since the epoch. */
  readonly now: () => number;
  /** The variables that builds get besides their own HOME, as `buildEnvironment` picks them; PATH is needed. */
  readonly environment: { readonly [name: string]: string };
  /** In place of release.yaml's. */
  readonly registry?: RegistryPlace;
  /** In place of release.yaml's, where given. */
  readonly deployment?: { readonly repository?: string; readonly path?: string; readonly branch?: string };
  /** Builds again what was released before and compares, where otherwise the released image is taken. */
  readonly verify?: boolean;
  /** A private key, PEM: images are signed by it. */
  readonly signKey?: string;
  readonly onEvent?: (event: ReleaseEvent) => void;
  readonly signal?: AbortSignal;
}

/** The part of a commit's signature that options and clock give. */
export function signatureOf({ author, now }: Pick<ReleaseOptions, "author" | "now">): Signature {
  return { ...author, at: Math.floor(now() / 1000) };
}
