import { arch, cpus, hostname, platform, release, totalmem } from "node:os";
import type { Node } from "kubernetes-types/core/v1.js";
import { ApiError, type Client, type KubeObject, type ResourceName } from "../client.ts";
import type { Clock } from "../clock.ts";
import { apiTime } from "./pod.ts";

const nodes: ResourceName = { group: "", resource: "nodes" };
const leases: ResourceName = { group: "coordination.k8s.io", resource: "leases" };
const leaseNamespace = "kube-node-lease";
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
  const { client, clock, name } = options;
  const object = nodeObject(options);
  const created = await createOrGet(client, nodes, object);
  await client.updateStatus<KubeObject & Node>(nodes, { ...created, status: object.status ?? {} });
  const lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name, namespace: leaseNamespace },
    spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime: microTime(clock.now()) },
  };
  await createOrGet(client, leases, lease);
  let cancel: () => void = () => undefined;
  let stopped = false;
  const renewSoon = () => {
    if (stopped) return;
    cancel = clock.at(clock.now() + (leaseSeconds * 1000) / 4, () => {
      const spec = { renewTime: microTime(clock.now()) };
      client.mergePatch(leases, leaseNamespace, name, { spec }).then(renewSoon, renewSoon);
    });
  };
  renewSoon();
  return () => {
    stopped = true;
    cancel();
  };
}

async function createOrGet<T extends KubeObject>(client: Client, resource: ResourceName, object: T): Promise<T> {
  try {
    return await client.create<T>(resource, object);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
    return client.get<T>(resource, object.metadata.namespace ?? "", object.metadata.name ?? "") ?? object;
  }
}

function nodeObject(options: {
  readonly clock: Clock;
  readonly name: string;
  readonly hostIP: string;
  readonly capacity: NodeCapacity;
}): KubeObject & Node {
  const { clock, name, hostIP, capacity } = options;
  const architecture = arch() === "x64" ? "amd64" : arch();
  const now = apiTime(clock.now());
  const amounts = {
    cpu: String(capacity.cpu),
    memory: `${Math.floor(capacity.memory / 1024)}Ki`,
    pods: String(capacity.pods),
  };
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/arch": architecture,
        "kubernetes.io/os": platform(),
        "kubernetes.io/hostname": name,
        "node-role.kubernetes.io/control-plane": "",
      },
    },
    spec: {},
    status: {
      capacity: amounts,
      allocatable: amounts,
      addresses: [
        { type: "InternalIP", address: hostIP },
        { type: "Hostname", address: name },
      ],
      conditions: [
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
      ],
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
    },
  };
}

function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
