import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import { because, condition, current, failed, inProgress } from "./conditions.ts";

/**
 * kstatus's and Argo CD's rules for a CustomResourceDefinition. Its conditions carry no generation, so what they hold
 * against it may be about the definition that this one mends: none of it is final.
 */
export function definitionHealth(definition: Json): Health {
  const terminating = condition(definition, "Terminating");
  if (terminating?.status === "True")
    return inProgress("Terminating", `it is going away${because(terminating.message)}`);
  const names = condition(definition, "NamesAccepted");
  if (names?.status === "False") return failed(names.reason, `its names are not accepted${because(names.message)}`);
  const violations = condition(definition, "NonStructuralSchema");
  if (violations?.status === "True") {
    return failed(violations.reason, `its schema is not structural${because(violations.message)}`);
  }
  const established = condition(definition, "Established");
  if (established?.status === "True") return current("Established", "it is established");
  if (established?.status === "False" && established.reason !== "Installing") {
    return failed(established.reason || "NotEstablished", `it is not established${because(established.message)}`);
  }
  return inProgress("Installing", "it is being installed");
}

/** An APIService is healthy while the server behind it answers. */
export function apiServiceHealth(service: Json): Health {
  const available = condition(service, "Available");
  if (available?.status === "True") return current("Available", "it is available");
  return inProgress(
    available?.reason || "NotAvailable",
    `the server behind it does not answer yet${because(available?.message ?? "")}`,
  );
}
