import { isJsonObject } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Difference } from "./differences.ts";
import { printPath } from "./field-path.ts";
import { otherManagersOf } from "./field-set.ts";
import { isSecret, withoutCredentials } from "./secrecy.ts";

/** How many fields are named before the rest is only counted. */
const namedAtMost = 3;

/**
 * The differences in one plain sentence: `spec.replicas is 5, Git says 2 (changed by kubectl-scale)`. Of what is
 * secret only the fields are named, never a value (behaviour G4).
 */
export function explain(found: readonly Difference[], live: KubeObject): string {
  const named = found.slice(0, namedAtMost).map((difference) => explainOne(difference, live));
  const rest = found.length - named.length;
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join("; ");
}

function explainOne(difference: Difference, live: KubeObject): string {
  const { kind, path, desired } = difference;
  const field = printPath(path);
  if (kind === "surplus") return `${field} is not in Git any more`;
  if (kind === "order") return `${field} is in another order than in Git`;
  const [manager] = otherManagersOf(live, path);
  const by = manager === undefined ? "" : ` (changed by ${manager})`;
  if (difference.live === undefined) return kind === "foreign" ? `${field} is new${by}` : `${field} is missing${by}`;
  const is = printValue(difference.live);
  const wanted = printValue(desired);
  if (isSecret(live, path) || is === undefined || wanted === undefined) return `${field} differs from Git${by}`;
  if (is === wanted) return `${field} is owned by ${manager ?? "nobody"}`;
  return `${field} is ${is}, Git says ${wanted}${by}`;
}

/** A scalar, cut to what a line can hold; undefined for what has no short text. */
function printValue(value: Json | undefined): string | undefined {
  if (value === undefined || Array.isArray(value) || isJsonObject(value)) return undefined;
  const text = withoutCredentials(typeof value === "string" && value !== "" ? value : JSON.stringify(value));
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`;
}
