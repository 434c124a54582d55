import { isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";

/**
 * A Secret whose `stringData` is in `data`, as the API server would put it there: `stringData` is only ever written, so that
 * what was declared by it could not be compared, nor taken out again. What is not text is left for the server to refuse.
 */
export function encodedSecret(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  const data = object["data"] ?? {};
  if (object.apiVersion !== "v1" || object.kind !== "Secret") return object;
  if (!isJsonObject(stringData) || !isJsonObject(data)) return object;
  const texts = Object.entries(stringData);
  if (!texts.every(([, text]) => typeof text === "string")) return object;
  const encoded = texts.map(([key, text]) => [key, Buffer.from(text as string).toString("base64")] as const);
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
}
