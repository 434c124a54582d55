import type { Audit } from "./audit.ts";

/** The cluster that behaviours are run on. */
export interface ClusterUnderTest {
  readonly name: string;
  readonly kubeconfig: string;
  /** Makes the images of an OCI layout folder available to the nodes. */
  publish(layout: string): Promise<void>;
  /** The address of this machine as pods reach it; absent where they cannot. */
  readonly hostForPods?: string;
  /** Ends the API server and starts it again with the same state; absent where that cannot be done. */
  restartApi?(): Promise<void>;
  /** What its API server counted; absent where that cannot be read. */
  readonly audit?: Audit;
  stop(): Promise<void>;
}
