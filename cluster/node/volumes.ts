import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { ConfigMapProjection, Container, DownwardAPIVolumeFile, Volume } from "kubernetes-types/core/v1.js";
import { configData, ContainerConfigError, fieldValue, resourceValue } from "./environment.ts";
import type { PodContext } from "./pod-context.ts";

/** A folder or file of this machine that a container finds at a path of its own. */
export interface Mount {
  readonly mountPath: string;
  readonly place: string;
}

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
  const mountsOf = ({ volumeMounts = [] }: Container) =>
    volumeMounts.filter(({ mountPath }) => mountPath !== tokenPath);
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  for (const volume of spec.volumes ?? []) {
    const users = containers.flatMap((container) =>
      mountsOf(container).flatMap(({ name, mountPath }) => (name === volume.name ? [{ container, mountPath }] : [])),
    );
    if (users.length === 0) continue;
    try {
      for (const { container, mountPath } of users) refuseUnreachable(volume, container, mountPath);
      const folder = join(context.folder, "volumes", volume.name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const { path, content, mode } of volume.emptyDir ? [] : volumeFiles(volume, context)) {
        const place = join(folder, inside(path));
        await mkdir(dirname(place), { recursive: true });
        await writeFile(place, content, { mode });
      }
    } catch (error) {
      if (!(error instanceof ContainerConfigError)) throw error;
      throw new ContainerConfigError(`MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`);
    }
  }
  return (container) =>
    mountsOf(container).map(({ name, mountPath, subPath = "." }) => ({
      mountPath,
      place: join(context.folder, "volumes", name, inside(subPath)),
    }));
}

function refuseUnreachable({ emptyDir }: Volume, { workingDir = "/" }: Container, mountPath: string): void {
  const below = normalize(workingDir) !== "/" && `${normalize(mountPath)}/`.startsWith(`${normalize(workingDir)}/`);
  if (emptyDir || below) return;
  throw new ContainerConfigError(
    `this node runs containers as processes of the machine, which cannot see ${mountPath}: mount it below the container's ` +
      `workingDir and open it by a relative path, or use env or envFrom`,
  );
}

interface File {
  readonly path: string;
  readonly content: string | Buffer;
  readonly mode: number;
}

function volumeFiles({ configMap, secret, downwardAPI, projected }: Volume, context: PodContext): readonly File[] {
  if (configMap) return configFiles("configmap", configMap, configMap.defaultMode, context);
  if (secret) return configFiles("secret", { ...secret, name: secret.secretName ?? "" }, secret.defaultMode, context);
  if (downwardAPI) return downwardFiles(downwardAPI.items ?? [], downwardAPI.defaultMode, context);
  if (!projected) {
    const served = "emptyDir, configMap, secret, downwardAPI and projected";
    throw new ContainerConfigError(`this node serves only ${served} volumes`);
  }
  return (projected.sources ?? []).flatMap((source) => {
    if (source.downwardAPI) return downwardFiles(source.downwardAPI.items ?? [], projected.defaultMode, context);
    if (source.configMap) return configFiles("configmap", source.configMap, projected.defaultMode, context);
    return source.secret ? configFiles("secret", source.secret, projected.defaultMode, context) : [];
  });
}

function configFiles(
  kind: "configmap" | "secret",
  { name = "", optional = false, items }: ConfigMapProjection,
  defaultMode = 0o644,
  context: PodContext,
): readonly File[] {
  const data = configData(kind, context.pod(), { name, optional }, context.client)?.all;
  const wanted = items ?? [...(data?.keys() ?? [])].map((key) => ({ key, path: key }));
  return wanted.flatMap(({ key, path, mode = defaultMode }: { key: string; path: string; mode?: number }) => {
    const content = data?.get(key);
    if (content) return [{ path, content, mode }];
    if (optional) return [];
    const what =
      kind === "secret" ? "references non-existent secret key" : "configmap references non-existent config key";
    throw new ContainerConfigError(`${what}: ${key}`);
  });
}

function downwardFiles(
  items: readonly DownwardAPIVolumeFile[],
  defaultMode = 0o644,
  context: PodContext,
): readonly File[] {
  const pod = context.pod();
  return items.map(({ path, mode = defaultMode, fieldRef, resourceFieldRef }) => {
    const container = pod.spec.containers.find(({ name }) => name === resourceFieldRef?.containerName) ?? {};
    const content = resourceFieldRef
      ? resourceValue(container, resourceFieldRef.resource, resourceFieldRef.divisor, context)
      : fieldValue(pod, fieldRef?.fieldPath ?? "", context);
    return { path, content, mode };
  });
}

/** A path that stays where it belongs. */
function inside(path: string): string {
  const clean = normalize(path);
  if (!/^(\/|\.\.(\/|$))/.test(clean)) return clean;
  throw new ContainerConfigError(`path ${JSON.stringify(path)} must be relative and may not contain '..'`);
}
