import { isJsonObject, valueAt } from "../../model/json.ts";
import type { Json } from "../../model/json.ts";
import type { KubeRefusal } from "./kube.ts";

/** The refusal that an answer carries: from its Status body where there is one, else from the status code alone. */
export function refusalOf(code: number, body: string, retryAfter?: string): KubeRefusal {
  const status = statusOf(body);
  const message = valueAt(status, "message");
  const reason = valueAt(status, "reason");
  const name = valueAt(status, "details", "name");
  const wait = retryAfterMs(retryAfter, valueAt(status, "details", "retryAfterSeconds"));
  return {
    code,
    reason: typeof reason === "string" && reason !== "" ? reason : (reasons[code] ?? "Unknown"),
    message: typeof message === "string" && message !== "" ? message : `the API server answered ${code}`,
    causes: causesOf(valueAt(status, "details", "causes")),
    ...(code === 404 && typeof name === "string" && name !== "" ? { missing: name } : {}),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  };
}

/** The refusal of a request that got no answer. */
export function unreachable(message: string): KubeRefusal {
  return { code: 0, reason: "Unreachable", message: `the API server cannot be reached: ${message}`, causes: [] };
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function statusOf(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

function causesOf(causes: Json | undefined): KubeRefusal["causes"] {
  if (!Array.isArray(causes)) return [];
  return causes.filter(isJsonObject).map((cause) => ({
    reason: textOf(cause["reason"]),
    message: textOf(cause["message"]),
    field: textOf(cause["field"]),
  }));
}

function retryAfterMs(header: string | undefined, seconds: Json | undefined): number | undefined {
  const given = header === undefined ? seconds : Number(header);
  return typeof given === "number" && Number.isFinite(given) && given > 0 ? given * 1000 : undefined;
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
