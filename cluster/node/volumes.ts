import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { Container, DownwardAPIVolumeFile, KeyToPath, Volume } from "kubernetes-types/core/v1.js";
import type { Mount } from "./container-start.ts";
import { configMapData, ContainerConfigError, fieldValue, resourceValue, secretData } from "./environment.ts";
import type { PodContext } from "./pod-context.ts";

/** Where the service account's token would be; the node gives none, so the mount is left out. */
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Makes the pod's volumes as folders and answers the mounts of each container. A program sees the machine's own root, so a
 * mount is a link inside the container's root file system, which the program reaches by a path relative to its working
 * directory. An emptyDir may be anywhere; other volumes only below a working directory, and of the kinds that are files.
 * Rejects with ContainerConfigError in the kubelet's words when a volume cannot be served (now).
 */
export async function makeVolumes(context: PodContext): Promise<(container: Container) => readonly Mount[]> {
  const { spec } = context.pod();
  const mounted = [...(spec.initContainers ?? []), ...spec.containers].flatMap((container) =>
    (container.volumeMounts ?? []).map((mount) => ({ container, mount })),
  );
  for (const volume of spec.volumes ?? []) {
    const uses = mounted.filter(({ mount }) => mount.name === volume.name && mount.mountPath !== tokenPath);
    if (uses.length === 0) continue;
    try {
      for (const { container, mount } of uses) refuseUnreachable(volume, container, mount.mountPath);
      await makeVolume(volume, context);
    } catch (error) {
      if (!(error instanceof ContainerConfigError)) throw error;
      throw new ContainerConfigError(`MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`);
    }
  }
  return (container) =>
    (container.volumeMounts ?? [])
      .filter(({ mountPath }) => mountPath !== tokenPath)
      .map(({ name, mountPath, subPath }) => ({
        mountPath,
        folder: join(context.folder, "volumes", name, inside(subPath ?? ".")),
      }));
}

function refuseUnreachable(volume: Volume, container: Container, mountPath: string): void {
  if (volume.emptyDir) return;
  const below = container.workingDir !== undefined && container.workingDir !== "/";
  if (below && `${normalize(mountPath)}/`.startsWith(`${normalize(container.workingDir ?? "")}/`)) return;
  throw new ContainerConfigError(
    `this node runs containers as processes of the machine, which cannot see ${mountPath}: mount it below the container's ` +
      `workingDir and open it by a relative path, or use env or envFrom`,
  );
}

async function makeVolume(volume: Volume, context: PodContext): Promise<void> {
  const folder = join(context.folder, "volumes", volume.name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (volume.emptyDir) return;
  for (const [path, text] of Object.entries(volumeFiles(volume, context))) {
    const place = join(folder, inside(path));
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, text, { mode: 0o600 });
  }
}

type Files = Readonly<Record<string, string>>;

function volumeFiles(volume: Volume, context: PodContext): Files {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return named(configMapFiles(configMap, context), configMap.items, `configmap references`);
  if (secret) {
    const data = secretData(context.pod(), secret.secretName ?? "", secret.optional, context.client) ?? {};
    return named(data, secret.items, "secret references");
  }
  if (downwardAPI) return downwardFiles(downwardAPI.items ?? [], context);
  if (projected) {
    const parts = (projected.sources ?? []).map((source): Files => {
      if (source.serviceAccountToken) return {};
      if (source.downwardAPI) return downwardFiles(source.downwardAPI.items ?? [], context);
      if (source.configMap)
        return named(configMapFiles(source.configMap, context), source.configMap.items, "configmap");
      const { name = "", optional, items } = source.secret ?? {};
      return named(secretData(context.pod(), name, optional, context.client) ?? {}, items, "secret");
    });
    return Object.assign({}, ...parts) as Files;
  }
  throw new ContainerConfigError(
    "this node serves only emptyDir, configMap, secret, downwardAPI and projected volumes",
  );
}

function configMapFiles(source: { readonly name?: string; readonly optional?: boolean }, context: PodContext): Files {
  return configMapData(context.pod(), source.name ?? "", source.optional, context.client) ?? {};
}

function named(data: Files, items: readonly KeyToPath[] | undefined, what: string): Files {
  if (!items) return data;
  const files = items.map(({ key, path }) => {
    const text = data[key];
    if (text === undefined) throw new ContainerConfigError(`${what} non-existent config key: ${key}`);
    return [path, text];
  });
  return Object.fromEntries(files) as Files;
}

function downwardFiles(items: readonly DownwardAPIVolumeFile[], context: PodContext): Files {
  const { spec, metadata } = context.pod();
  const files = items.map(({ path, fieldRef, resourceFieldRef }) => {
    if (resourceFieldRef) {
      const container = spec.containers.find(({ name }) => name === resourceFieldRef.containerName);
      return [
        path,
        resourceValue(container ?? { name: "" }, resourceFieldRef.resource, resourceFieldRef.divisor, context),
      ];
    }
    const field = fieldRef?.fieldPath ?? "";
    const map =
      field === "metadata.labels" ? metadata.labels : field === "metadata.annotations" ? metadata.annotations : null;
    if (map === null) return [path, fieldValue(context.pod(), field, context)];
    const lines = Object.entries(map ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [path, lines.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join("\n")];
  });
  return Object.fromEntries(files) as Files;
}

/** A path that stays where it belongs. */
function inside(path: string): string {
  const clean = normalize(path);
  if (clean.startsWith("/") || clean === ".." || clean.startsWith("../")) {
    throw new ContainerConfigError(`path ${JSON.stringify(path)} must be relative and may not contain '..'`);
  }
  return clean;
}
