import { deliveryId } from "../model/delivery-id.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { CommitInfo, Git } from "../io/git/git.ts";
import { logBranch, recordAt } from "./delivery-log.ts";

/** One decision of a delivery: the commit of the delivery log that tells of it, and when that was. */
export interface DeliveryStep {
  readonly commit: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly record: DeliveryRecord;
}

/** Which delivery is meant: by its id, or by the commit that it was of, either shortened; else the last that did not go well. */
export interface WhichDelivery {
  readonly application?: string;
  readonly delivery?: string;
}

/** How many commits of the delivery log are looked through. */
const lookedThrough = 2000;

const troubled: ReadonlySet<string | undefined> = new Set(["failed", "rolled-back", "held", "refused"]);

/**
 * Every decision of one delivery, oldest first; empty where the delivery log tells of none such. Where nothing went wrong, that is the
 * newest delivery.
 */
export async function findDelivery(
  git: Git,
  { application, delivery }: WhichDelivery,
): Promise<readonly DeliveryStep[]> {
  const all = await git.log(logBranch, "", lookedThrough);
  const about = all.filter((commit) => {
    const id = commit.trailers["Plumbline-Application"];
    return id !== undefined && (application === undefined || id === application);
  });
  const isMeant = ({ trailers }: CommitInfo): boolean =>
    delivery === undefined
      ? troubled.has(trailers["Plumbline-Outcome"])
      : [trailers["Plumbline-Delivery"], trailers["Plumbline-Commit"]].some((id) => id?.startsWith(delivery) === true);
  const meant = about.find(isMeant) ?? (delivery === undefined ? about[0] : undefined);
  const last = meant && (await stepAt(git, meant));
  if (!last) return [];
  const id = deliveryId(last.record);
  const { commit } = last.record.revision;
  const sameCommit = about.filter(({ trailers }) => trailers["Plumbline-Commit"] === commit);
  const steps = await Promise.all(sameCommit.map((each) => stepAt(git, each)));
  return steps.flatMap((step) => (step && deliveryId(step.record) === id ? [step] : [])).toReversed();
}

async function stepAt(git: Git, { id, committedAt, trailers }: CommitInfo): Promise<DeliveryStep | undefined> {
  const record = await recordAt(git, id, trailers["Plumbline-Application"] ?? "");
  return record && { commit: id, at: committedAt, record };
}
