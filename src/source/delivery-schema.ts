import { z } from "zod";
import { failurePolicies, promotionWays, requirements } from "../model/application.ts";
import { closed } from "./closed.ts";
import { durationPattern } from "./duration.ts";
import { healthSchema } from "./health-schema.ts";
import { ignoreSchema } from "./ignore-schema.ts";
import { wrongSources } from "./promotion-sources.ts";

const duration = z
  .string('must be a duration such as "30s", "2m" or "1h30m"')
  .regex(durationPattern, 'must be a duration such as "30s", "2m" or "1h30m"');

const name = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "must be lower-case letters, digits and dashes")
  .max(63);

const factor = z.number().positive().optional();

/** An address in this form that is none all the same, such as one with a port beyond 65535. */
const isAddress = (text: string): boolean => URL.canParse(text);

const check = closed({
  http: z
    .string()
    .regex(
      /^https?:\/\/[a-z0-9][-a-z0-9]*(:\d{1,5})?(\/\S*)?$/,
      "must be http://service[:port]/path or https://… of a service of the application",
    )
    .refine(isAddress, "must be an address, with a port up to 65535")
    .optional()
    .describe("GET this address of a service of the application."),
  expect: closed({
    status: z.int().min(100).max(599).optional().describe("The HTTP status; default 200."),
    json: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .optional()
      .describe(
        'Members of the JSON body by dotted path; "{release}" stands for the source commit that the images were built from, "{tag}" for their tag, "{revision}" for the commit of this repository.',
      ),
  }).optional(),
  prometheus: z
    .string()
    .regex(
      /^https?:\/\/[a-z0-9][-a-z0-9]*\.[a-z0-9][-a-z0-9]*(:\d{1,5})?(\/[-\w/]*)?$/,
      "must be http://service.namespace[:port] or https://… of a Prometheus in the cluster",
    )
    .refine(isAddress, "must be an address, with a port up to 65535")
    .optional()
    .describe("Ask this Prometheus instead."),
  query: z
    .string()
    .min(1)
    .max(4000)
    .optional()
    .describe(
      "PromQL; may name {release}, {tag} and {revision} as well, and {pods}, a pattern of the new pods' names.",
    ),
  below: z.number().optional().describe("Every sample must be less."),
  above: z.number().optional().describe("Every sample must be more."),
  compare: closed({
    atMost: factor.describe("The new pods may have so many times what the old ones have."),
    atLeast: factor.describe("The new pods must have so many times what the old ones have."),
    orBelow: z.number().optional().describe("Less than this is good enough, whatever the old pods have."),
    orAbove: z.number().optional().describe("More than this is good enough, whatever the old pods have."),
  })
    .refine(({ atMost, atLeast }) => atMost !== undefined || atLeast !== undefined, "must have atMost or atLeast")
    .optional()
    .describe(
      "Ask the query of the old pods too, as of when the new ones came, or now while a canary is tried beside them; it must name {pods}.",
    ),
  failAfter: duration
    .optional()
    .describe(
      "Ask during the soak as well, and end the delivery when it has failed for so long; default: only ask then.",
    ),
}).superRefine((one, context) => {
  const metric = [one.prometheus, one.query, one.below, one.above, one.compare].some((part) => part !== undefined);
  const isHttp = one.http !== undefined && !metric;
  const isBound = [one.below, one.above, one.compare].some((part) => part !== undefined);
  const isMetric = one.prometheus !== undefined && one.query !== undefined && isBound && !one.http && !one.expect;
  const message = "must have http and, at will, expect; or prometheus, query, and below, above or compare";
  if (!isHttp && !isMetric) context.addIssue({ code: "custom", message });
  if (one.compare && one.query?.includes("{pods}") === false) {
    const unnamed = "must name {pods}, by which the old pods and the new ones are told apart";
    context.addIssue({ code: "custom", path: ["query"], message: unnamed });
  }
});

/** The gate of a rollout as configuration writes it; every key may be left out. */
export const rolloutSchema = closed({
  deadline: duration.optional().describe("How long a revision may take to become healthy; default 5m."),
  soak: duration.optional().describe("How long it must then stay healthy; default 10s."),
  onFailure: z
    .enum(failurePolicies)
    .optional()
    .describe(
      "revert: write the rollback commit. branch: propose it on plumbline/rollback/… for people to merge. hold: leave the rollout blocked for a person. Default revert.",
    ),
  maxRestarts: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe("Container restarts of one pod that are a start-up hiccup; one more is a crash loop. Default 2."),
  logLines: z
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe("So many of the last lines of a failed container's log are told, and stay in Git; default 0."),
  canary: z
    .union(
      [
        z.literal(false),
        closed({
          share: z
            .string('must be a share such as "20%"')
            .regex(/^([1-9]\d?|100)%$/, 'must be a share from "1%" to "100%"')
            .describe("How many pods, as a share of the replicas, rounded up."),
          soak: duration.optional().describe("How long the canary must stay healthy; default the rollout's soak."),
        }),
      ],
      { error: "must be false, or have a share and, at will, a soak, such as { share: 20%, soak: 30s }" },
    )
    .optional()
    .describe("Try a changed template with a share of the pods first; false: do not. Default false."),
  checks: z.array(check).max(50).optional(),
});

const requirement = z.enum(requirements);

const wrongRequirement = `must be ${requirements.join(" or ")}, or a list of them`;

const require = z
  .union([requirement, z.array(requirement).min(1, wrongRequirement).max(requirements.length, wrongRequirement)], {
    error: wrongRequirement,
  })
  .optional()
  .describe(
    "signed: only commits that an allowed signer of the engine's signed are delivered. signed-images: only images that are pinned by digest and signed by an allowed key. Or a list of both.",
  );

const environmentSchema = closed({
  require,
  cluster: z
    .string()
    .regex(/^\S{1,253}$/, "must be the name of a context")
    .optional()
    .describe("The cluster, by its context in the kubeconfig of `plumb engine --clusters`; default the engine's own."),
  namespace: z
    .string()
    .regex(
      /^([-a-z0-9]|\{application\}|\{environment\})+$/,
      "must be lower-case letters, digits, dashes, {application} or {environment}",
    )
    .optional()
    .describe("The namespace of each application here; default {application}-{environment}."),
  rollout: rolloutSchema.optional(),
  health: healthSchema.optional(),
  ignore: ignoreSchema.optional(),
  promote: closed({
    from: name.describe("The environment in which they must have been healthy."),
    via: z
      .enum(promotionWays)
      .optional()
      .describe("commit: on the tracked branch. branch: on plumbline/promote/… for people to merge. Default commit."),
    soak: duration
      .optional()
      .describe("How long they must have been healthy there, beyond that environment's own gate; default 0s."),
  })
    .optional()
    .describe("Where the images of this environment come from, per application of the same name."),
  allowClusterKinds: z
    .array(z.string().regex(/^([a-z0-9][-a-z0-9.]*\/|\/)?[A-Z][A-Za-z0-9]*$/, "must be Kind, or group/Kind"))
    .max(200)
    .optional()
    .describe(
      "Cluster-scoped kinds that applications here may deliver, as group/Kind (Kind alone for the core group).",
    ),
});

/** `delivery.yaml` at the root of a deployment repository. */
export const deliverySchema = closed({
  require,
  layout: z
    .string()
    .regex(/^[^/\s]+(\/[^/\s]+)*$/, "must be a path such as {environment}/{application}")
    .refine(fitsLayout, "must hold {environment} and {application} once each, as whole parts of the path")
    .optional()
    .describe("Which directories are applications; default {environment}/{application}."),
  environments: z
    .record(name, environmentSchema)
    .refine((all) => Object.keys(all).length > 0, "must name at least one environment")
    .superRefine((all, context) => {
      for (const [environment, message] of wrongSources(all)) {
        context.addIssue({ code: "custom", path: [environment, "promote", "from"], message });
      }
    }),
});

/** `delivery.yaml` inside the directory of an application. */
export const applicationSchema = closed({
  rollout: rolloutSchema.optional().describe("Overrides the environment's rollout, key by key."),
  after: z
    .array(
      z
        .string()
        .regex(/^([a-z0-9][-a-z0-9]*\/)?[a-z0-9][-a-z0-9]*$/, "must be an application, or environment/application"),
    )
    .max(100)
    .optional()
    .describe("Applications that must be healthy with what Git has of them before a revision of this one begins."),
  health: healthSchema.optional().describe("Asked before the environment's rules."),
  ignore: ignoreSchema.optional().describe("Besides the environment's; each must fit an object."),
  allowEmpty: z.boolean().optional().describe("True when a revision without any object is meant; default false."),
  allowPrune: z
    .array(z.string().regex(/^[A-Z][A-Za-z0-9]*\/[a-z0-9][-a-z0-9.:]*$/, "must be Kind/name"))
    .max(200)
    .optional()
    .describe(
      "What may be deleted, once it is gone from Git, though it was there before or more of others goes with it; default none.",
    ),
});

/** `rollout` as a file says it. */
export type RolloutConfiguration = z.infer<typeof rolloutSchema>;
/** One environment of it. */
export type EnvironmentConfiguration = z.infer<typeof environmentSchema>;

function fitsLayout(layout: string): boolean {
  const parts = layout.split("/");
  const once = (placeholder: string): boolean => parts.filter((part) => part === placeholder).length === 1;
  const plain = parts.every(
    (part) => /^(\{environment\}|\{application\}|[^{}]+)$/.test(part) && !/^\.{1,2}$/.test(part),
  );
  return plain && once("{environment}") && once("{application}");
}
