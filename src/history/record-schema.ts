import { z } from "zod";
import { healthStatuses } from "../model/health.ts";
import { stepOutcomes } from "../model/plan.ts";
import { outcomes, promotionOutcomes } from "../model/record.ts";

/** The version of the format; docs/delivery-log.md says when it changes. */
export const recordVersion = 1;

const time = z.iso.datetime().meta({ description: "ISO 8601 in UTC" });
const commit = z.string().meta({ description: "the full id of a commit of the deployment repository" });
const images = z.array(z.string()).meta({ description: "full references: name:tag@digest" });

const tree = z.string().meta({ description: "what it is made of: the same tree asks for the same thing" });
const composed = z
  .looseObject({ directory: z.string(), bases: z.array(z.looseObject({ path: z.string(), tree: z.string() })) })
  .optional()
  .meta({ description: "of a kustomization with bases elsewhere: its own directory's tree, and theirs" });

const healthy = z.looseObject({
  commit,
  tree,
  composed,
  healthyAt: time,
  images: images.optional(),
});
const candidate = z.looseObject({
  from: z.string().meta({ description: "the application that the images were healthy in" }),
  commit: z.string(),
  images,
});
const reference = z.looseObject({
  group: z.string().meta({ description: "empty for the core group" }),
  kind: z.string(),
  namespace: z.string().meta({ description: "empty for what belongs to the whole cluster" }),
  name: z.string(),
});

const revision = z.looseObject({
  commit,
  tree,
  composed,
  subject: z.string(),
  author: z.string(),
  committedAt: time,
  undoes: z.string().optional().meta({ description: "of a rollback: the commit that it undoes" }),
});

const promotion = candidate.extend({
  onto: z.string(),
  outcome: z.enum(promotionOutcomes),
  message: z.string(),
  remedy: z.string().optional(),
  at: time,
  by: z.string().optional().meta({ description: "the commit that pins the images, once there is one" }),
  superseded: z.array(candidate),
});

const problem = z.looseObject({
  code: z.string().meta({ description: "kebab-case, for machines" }),
  message: z.string(),
  where: z.looseObject({ file: z.string(), line: z.number().optional() }).optional(),
  remedy: z.string().optional(),
});

const drift = z.looseObject({
  ref: reference,
  manager: z.string(),
  fields: z.array(z.string()).meta({ description: "empty where the object was deleted" }),
  at: z.string(),
  undoneMs: z.number(),
  leftAloneUntil: z.string().optional(),
});

/** What is relied on when a record is read; members that are not known are carried along. */
export const recordSchema = z.looseObject({
  schema: z.literal(recordVersion),
  delivery: z.string().optional().meta({ description: "the id of the delivery, as logs and notices name it" }),
  application: z.string().meta({ description: "environment/name" }),
  environment: z.string(),
  namespace: z.string(),
  cluster: z.string().optional().meta({ description: "absent for the engine's own" }),
  revision,
  outcome: z.enum(outcomes),
  reason: z.string().meta({ description: "CamelCase, for machines" }),
  message: z.string().meta({ description: "one sentence for people" }),
  remedy: z.string().optional().meta({ description: "what a person must do, where only a person can" }),
  startedAt: time.meta({ description: "when the revision was first applied" }),
  currentSince: time.optional().meta({ description: "when every object became Current; the soak counts from here" }),
  failingSince: time.optional(),
  degradedSince: time.optional(),
  decidedAt: time.optional().meta({ description: "absent while it is not decided" }),
  lastHealthy: healthy.optional().meta({ description: "what a rollback goes back to" }),
  canary: z.looseObject({ pods: z.number(), beside: z.number(), passedAt: time.optional() }).optional(),
  replaced: z
    .looseObject({ pods: z.array(z.string()), at: time })
    .optional()
    .meta({ description: "the pods that ran when what was healthy began to be replaced, where a check compares" }),
  rollback: z.looseObject({ commit, undoes: z.string(), restores: healthy }).optional(),
  promotion: promotion.optional(),
  applied: z.array(z.looseObject({ ref: reference, outcome: z.enum(stepOutcomes) })),
  takeovers: z.array(z.looseObject({ ref: reference, manager: z.string(), field: z.string() })),
  health: z.array(
    z.looseObject({
      ref: reference,
      health: z.looseObject({
        status: z.enum(healthStatuses),
        reason: z.string(),
        message: z.string(),
        final: z.boolean().optional().meta({ description: "waiting cannot mend it" }),
      }),
    }),
  ),
  images,
  problems: z.array(problem),
  drift: z.array(drift).max(20).meta({ description: "newest first" }),
});

/** The published schema, docs/delivery-record.schema.json: for editors, and for programs that read the delivery log. */
export function recordJsonSchema(): object {
  return {
    title: "Plumbline delivery record",
    description:
      "One application's newest delivery: a JSON file on the branch plumbline/log of a deployment repository.",
    ...z.toJSONSchema(recordSchema, { io: "input" }),
  };
}
