import type { Health } from "../model/health.ts";
import { parseExpression } from "../model/health-rule.ts";
import type { Expression, HealthRule } from "../model/health-rule.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { because, current, failed, inProgress, unknown } from "./conditions.ts";
import { genericHealth } from "./generic.ts";

/** In the order in which they are asked: the first that is true decides. */
const verdicts = [
  ["inProgress", (why: string) => inProgress("RuleInProgress", `it is in progress, by the rule for its kind${why}`)],
  ["failed", (why: string) => failed("RuleFailed", `it has failed, by the rule for its kind${why}`)],
  ["current", () => current("RuleCurrent", "it is current, by the rule for its kind")],
] as const;

const compiled = new Map<string, Expression>();

/**
 * The health of an object by a rule of the configuration, asked once its status is of its newest generation. What an
 * expression cannot answer, as of a status that is not there yet, is Unknown: never healthy, and not final either (R1).
 */
export function ruleHealth(object: KubeObject, rule: HealthRule): Health {
  const members = asMembers(object);
  for (const [member, verdict] of verdicts) {
    const text = rule[member];
    if (text === undefined) continue;
    let value: unknown;
    try {
      value = expression(text)(members);
      if (typeof value !== "boolean") throw new Error("it is neither true nor false");
    } catch (error) {
      const message = `its rule's ${member}, ${text}, cannot be answered: ${(error as Error).message}`;
      return unknown("RuleUnanswered", message);
    }
    if (value) return verdict(whyNot(object));
  }
  return inProgress("RuleNotCurrent", `it is not current yet, by the rule for its kind${whyNot(object)}`);
}

/** What the object itself tells of why it is not well, for people: the rule decides. */
function whyNot(object: KubeObject): string {
  const told = genericHealth(object);
  return told?.status === "Failed" || told?.status === "InProgress" ? because(told.message) : "";
}

function expression(text: string): Expression {
  const known = compiled.get(text) ?? parseExpression(text);
  compiled.set(text, known);
  return known;
}

function asMembers(object: JsonObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, asCel(value)]));
}

/** Whole numbers are ints in CEL, as Kubernetes reads them; JSON knows one kind of number only. */
function asCel(value: Json | undefined): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return (value as readonly Json[]).map(asCel);
  return isJsonObject(value) ? asMembers(value) : value;
}
