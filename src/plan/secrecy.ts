import type { KubeObject } from "../model/kube-object.ts";
import { keyOf } from "./field-path.ts";
import type { FieldPath } from "./field-path.ts";

/** How people call what they do not want to be read. */
const secretName =
  /pass(word|phrase|wd)?|secret|token|credential|api[-_.]?key|private[-_.]?key|auth(?!or)|dsn|signature/i;

/** Where the whole object stands as text, values and all. */
const wholeObject = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * True when no value of the field may be shown (behaviour G4): of a Secret none may, of anything else none whose name says that
 * it is one, as of an environment variable DB_PASSWORD.
 */
export function isSecret({ kind }: Pick<KubeObject, "kind">, path: FieldPath): boolean {
  if (kind === "Secret") return true;
  return path.some((segment, index) => {
    // Containers and volumes have names as well, which say nothing of their fields.
    if (segment.startsWith("f:")) return isSecretName(segment.slice(2));
    return path[index - 1] === "f:env" && isSecretName(keyOf(segment)?.["name"]);
  });
}

/** True for the name of a field or variable whose value may not be shown. */
export function isSecretName(name: unknown): boolean {
  return typeof name === "string" && !isReference(name) && (secretName.test(name) || name === wholeObject);
}

/** Fields of Kubernetes that name a Secret or an account, and hold none. */
function isReference(name: string): boolean {
  return /^(secret(Name|Ref|KeyRef)?|imagePullSecrets|automountServiceAccountToken|serviceAccountToken)$/.test(name);
}

/** A text in which addresses have no credentials any more: `postgres://user:***@host`. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, "$1:***@");
}
