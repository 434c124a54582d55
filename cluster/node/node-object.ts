import { arch, cpus, hostname, platform, release, totalmem } from "node:os";
import type { NodeStatus } from "kubernetes-types/core/v1.js";
import { ApiError, type Client, type KubeObject, type ResourceName } from "../client.ts";
import { type Clock, microTimeText, timeText } from "../clock.ts";

const nodes: ResourceName = { group: "", resource: "nodes" };
const leases: ResourceName = { group: "coordination.k8s.io", resource: "leases" };
const leaseSeconds = 40;

/** What the node tells of this machine. */
export interface NodeCapacity {
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly pods: number;
}

/** The capacity of this machine, for as many pods as a kubelet takes. */
export function machineCapacity(): NodeCapacity {
  return { cpu: cpus().length, memory: totalmem(), pods: 110 };
}

/** Registers the node, Ready, with its lease, and renews the lease; returns a function that ends it. */
export async function registerNode(options: {
  readonly client: Client;
  readonly clock: Clock;
  readonly name: string;
  readonly hostIP: string;
  readonly capacity: NodeCapacity;
}): Promise<() => void> {
  const { client, clock, name, hostIP, capacity } = options;
  const labels = {
    "kubernetes.io/arch": architecture,
    "kubernetes.io/os": platform(),
    "kubernetes.io/hostname": name,
    "node-role.kubernetes.io/control-plane": "",
  };
  const node = await createOrGet(client, nodes, { apiVersion: "v1", kind: "Node", metadata: { name, labels } });
  const status = nodeStatus(name, hostIP, capacity, timeText(clock.now()));
  await client.updateStatus(nodes, Object.assign({}, node, { status }));
  const namespace = "kube-node-lease";
  await createOrGet(client, leases, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name, namespace, ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid: node.metadata.uid }] },
    spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime: microTimeText(clock.now()) },
  } as KubeObject);
  let cancel: () => void = () => undefined;
  let stopped = false;
  const renewSoon = () => {
    if (stopped) return;
    cancel = clock.at(clock.now() + (leaseSeconds * 1000) / 4, () => {
      const spec = { renewTime: microTimeText(clock.now()) };
      client.mergePatch(leases, namespace, name, { spec }).then(renewSoon, renewSoon);
    });
  };
  renewSoon();
  return () => {
    stopped = true;
    cancel();
  };
}

async function createOrGet(client: Client, resource: ResourceName, object: KubeObject): Promise<KubeObject> {
  try {
    return await client.create(resource, object);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
    return client.get(resource, object.metadata.namespace ?? "", object.metadata.name ?? "") ?? object;
  }
}

const architecture = arch() === "x64" ? "amd64" : arch();

const healthy = [
  ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
] as const;

function nodeStatus(name: string, hostIP: string, { cpu, memory, pods }: NodeCapacity, now: string): NodeStatus {
  const capacity = { cpu: String(cpu), memory: `${Math.floor(memory / 1024)}Ki`, pods: String(pods) };
  const times = { lastHeartbeatTime: now, lastTransitionTime: now };
  return {
    capacity,
    allocatable: capacity,
    addresses: [
      { type: "InternalIP", address: hostIP },
      { type: "Hostname", address: name },
    ],
    conditions: healthy.map(([type, status, reason, message]) => ({ type, status, reason, message, ...times })),
    nodeInfo: {
      architecture,
      bootID: "",
      containerRuntimeVersion: `plumbline://${process.versions.node}`,
      kernelVersion: release(),
      kubeProxyVersion: "v1.34.0",
      kubeletVersion: "v1.34.0+plumbline",
      machineID: "",
      operatingSystem: platform(),
      osImage: `a process of ${hostname()}`,
      systemUUID: "",
    },
  };
}
