import { findDelivery } from "../../history/find-delivery.ts";
import type { WhichDelivery } from "../../history/find-delivery.ts";
import { deliveryLog } from "../../history/delivery-log.ts";
import type { Git } from "../../io/git/git.ts";
import { deliveryId } from "../../model/delivery-id.ts";
import { ProblemError } from "../../model/problem.ts";
import type { DeliveryRecord } from "../../model/record.ts";
import { rejectedImages } from "../../pins/rejected.ts";
import { digestOf } from "../../pins/reference.ts";
import { causeOf, foundAt } from "./cause.ts";
import type { Explanation, RollbackCommit } from "./explanation.ts";
import { nextSteps } from "./next-steps.ts";

/**
 * Everything that is known of one delivery, from the delivery log and the commits of the repository alone. Rejects with `ProblemError`
 * where the delivery log does not tell of it. The branches must have been fetched.
 */
export async function explain(git: Git, branch: string, which: WhichDelivery): Promise<Explanation> {
  const steps = await findDelivery(git, which);
  const last = steps.at(-1);
  if (!last) throw new ProblemError(notTold(git, which));
  const { record } = last;
  const { application, revision, outcome, reason, message } = record;
  const path = (await foundAt(git, revision.commit, application))?.application.path ?? application;
  const rejected = await rejectedOf(git, branch, path, record);
  const newest = await deliveryLog(git).readRecord(application);
  const isNewest = newest === undefined || deliveryId(newest) === deliveryId(record);
  const rollback = await rollbackOf(git, record);
  const known = {
    schema: 1,
    repository: git.url,
    branch,
    application,
    delivery: deliveryId(record),
    outcome,
    reason,
    message,
    revision,
    cause: await causeOf(git, record, path),
    applied: steps.findLast((step) => step.record.applied.length > 0)?.record.applied ?? [],
    takeovers: record.takeovers,
    problems: record.problems,
    unhealthy: record.health.filter(({ health }) => health.status !== "Current"),
    steps: steps.map((step) => ({
      commit: step.commit,
      at: step.at,
      outcome: step.record.outcome,
      message: step.record.message,
    })),
    ...(rollback ? { rollback } : {}),
    rejected,
    ...(isNewest ? {} : { now: { outcome: newest.outcome, message: newest.message, commit: newest.revision.commit } }),
  } as const;
  return { ...known, next: nextSteps(known, path, record.remedy) };
}

async function rollbackOf(git: Git, { rollback }: DeliveryRecord): Promise<RollbackCommit | undefined> {
  if (!rollback) return undefined;
  const { parents, committedAt } = await git.commit(rollback.commit);
  return { commit: rollback.commit, parents, restores: rollback.restores, committedAt };
}

async function rejectedOf(
  git: Git,
  branch: string,
  path: string,
  { images }: DeliveryRecord,
): Promise<Explanation["rejected"]> {
  const head = await git.branch(branch);
  if (head === undefined) return [];
  const rejected = await rejectedImages(git, head, path);
  return images.flatMap((image) => {
    const by = rejected.get(digestOf(image) ?? "");
    return by === undefined ? [] : [{ image, by }];
  });
}

function notTold(git: Git, { application, delivery }: WhichDelivery) {
  const what = [
    delivery && `no delivery ${delivery}`,
    application && `${delivery ? "of " : "nothing of "}${application}`,
  ];
  return {
    code: "delivery-not-found",
    message: `the delivery log of ${git.url} tells of ${what.filter(Boolean).join(" ") || "nothing yet"}`,
    remedy:
      "plumb status lists the applications with their last deliveries; a delivery is named by its commit or its id",
  };
}
