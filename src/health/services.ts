import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import { current, inProgress, listAt, textAt } from "./conditions.ts";

/** A Service is there when it is there; one of type LoadBalancer also needs its address from outside, as Argo CD has it. */
export function serviceHealth(service: Json): Health {
  if (textAt(service, "spec", "type") !== "LoadBalancer") return current("ServiceReady", "it is there");
  const balancer = valueAt(service, "status", "loadBalancer");
  if (listAt(service, "status", "loadBalancer", "ingress").length > 0) {
    return current("ServiceReady", "it has an address from outside");
  }
  if (listAt(service, "spec", "externalIPs").length > 0)
    return current("ServiceReady", "it has an external IP of its own");
  // kstatus looks at the inner address alone; servers that tell of load balancers at all tell more than that.
  if (!isJsonObject(balancer) && textAt(service, "spec", "clusterIP") !== "") {
    return current("ServiceReady", "it has an address");
  }
  return inProgress("NoIPAssigned", "no load balancer has given it an address yet; a cluster without one never does");
}

/** An Ingress is served once its controller has told an address: an IP or a name (stricter than kstatus). */
export function ingressHealth(ingress: Json): Health {
  const given = listAt(ingress, "status", "loadBalancer", "ingress");
  const address = given.map((entry) => textAt(entry, "ip") || textAt(entry, "hostname")).find((text) => text !== "");
  if (address !== undefined) return current("IngressReady", `it is served at ${address}`);
  const name =
    textAt(ingress, "spec", "ingressClassName") ||
    textAt(ingress, "metadata", "annotations", "kubernetes.io/ingress.class");
  const whose = name === "" ? "it names no class, so that only a default one takes it" : `its class is ${name}`;
  return inProgress("NoAddress", `no ingress controller has given it an address yet; ${whose}`);
}
