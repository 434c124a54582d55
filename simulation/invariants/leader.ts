import type { Client, KubeObject } from "../../cluster/core.ts";
import type { Clock } from "../../src/io/clock/clock.ts";
import type { Git } from "../../src/io/git/git.ts";
import type { Kube, KubeResource } from "../../src/io/kube/kube.ts";
import { engineNamespace } from "../world/engine-process.ts";
import type { Accuse } from "./branches.ts";

const leases = { group: "coordination.k8s.io", resource: "leases" };

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string };
}

/** An engine acts for so long after the last renewal that it heard of (two thirds of the Lease's duration), and what it sent then arrives. */
const longestMs = 10_000 + 1000;

/**
 * Of several engines only the one that holds the Lease writes, to the cluster or to Git, and only while another cannot have taken
 * it, whatever its machine's clock says (behaviour O2).
 */
export class LeaderRule {
  readonly #clock: Clock;
  readonly #accuse: Accuse;
  #holder = "";
  #renewedMs = 0;

  constructor(client: Client, clock: Clock, accuse: Accuse) {
    this.#clock = clock;
    this.#accuse = accuse;
    client.watch<Lease>(leases, ({ object }) => {
      if (object.metadata.namespace !== engineNamespace) return;
      this.#renewedMs = clock.now();
      this.#holder = nameOf(object.spec.holderIdentity ?? "");
    });
  }

  /** The doors of one engine, which tell of what it does without the Lease. */
  kubeOf(name: string, kube: Kube): Kube {
    const check = ({ resource }: KubeResource, what: string): void => {
      if (resource !== leases.resource && resource !== "namespaces") this.#check(name, what);
    };
    return {
      ...kube,
      apply: (resource, object, options) => {
        if (!options.dryRun) check(resource, `applies ${object.kind} ${object.metadata.name}`);
        return kube.apply(resource, object, options);
      },
      delete: (resource, namespace, object, options) => {
        check(resource, `deletes ${resource.kind} ${object}`);
        return kube.delete(resource, namespace, object, options);
      },
    };
  }

  gitOf(name: string, git: Git): Git {
    return {
      ...git,
      push: (commit, branch, expected) => {
        this.#check(name, `pushes to ${branch}`);
        return git.push(commit, branch, expected);
      },
    };
  }

  #check(name: string, what: string): void {
    if (this.#holder !== name) return this.#accuse(`${name} ${what} while ${this.#holder || "nobody"} leads`);
    const unrenewedMs = this.#clock.now() - this.#renewedMs;
    if (unrenewedMs > longestMs) this.#accuse(`${name} ${what} ${unrenewedMs} ms after it last renewed the Lease`);
  }
}

/** An engine that starts again has another identity: `engine-1-2` is the second start of `engine-1`. */
function nameOf(identity: string): string {
  return identity.replace(/-\d+$/, "");
}
