import type { Client, KubeObject } from "../client.ts";

/** Changes of ConfigMaps and Secrets, for containers that wait for one. */
export interface ConfigurationChanges {
  /** Settles at the next change in the namespace, or when the signal aborts. */
  next(namespace: string, signal: AbortSignal): Promise<void>;
  stop(): void;
}

/** Watches the ConfigMaps and Secrets of all namespaces. */
export function watchConfiguration(client: Client): ConfigurationChanges {
  const waiting = new Set<{ readonly namespace: string; readonly wake: () => void }>();
  const heard = ({ object }: { readonly object: KubeObject }) => {
    for (const each of waiting) if (each.namespace === object.metadata.namespace) each.wake();
  };
  const stops = ["configmaps", "secrets"].map((resource) => client.watch({ group: "", resource }, heard));
  return {
    next(namespace, signal) {
      return new Promise((resolve) => {
        const wake = () => {
          waiting.delete(entry);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const entry = { namespace, wake };
        waiting.add(entry);
        if (signal.aborted) wake();
        else signal.addEventListener("abort", wake, { once: true });
      });
    },
    stop() {
      for (const stop of stops) stop();
    },
  };
}
