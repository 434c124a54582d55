import { promote } from "../history/promote.ts";
import type { PromotionResult } from "../history/promote.ts";
import type { PromotionSource } from "../model/application.ts";
import type { DeliveryRecord, Promotion, PromotionCandidate } from "../model/record.ts";
import { decidePromotion, retryMs, sameImages } from "../rollout/promotion.ts";
import type { FoundApplication } from "../source/deployment.ts";
import { sourceCommitOf } from "../source/source-commit.ts";
import { log } from "./conclude.ts";
import { sooner } from "./known.ts";
import type { Pass } from "./known.ts";
import type { Io } from "./reconcile.ts";

/** How many of those that gave way are kept in a record. */
const supersededKept = 5;

/** Carries what was healthy in the environment before to this application, when it is time (behaviours P1 to P3). */
export async function promoteWhenDue(io: Io, found: FoundApplication, pass: Pass): Promise<Pass> {
  const { promotion: policy, name } = found.application;
  const { record } = pass.known;
  if (!policy || !record || pass.fetch === true) return pass;
  // A commit on top of one that is not delivered would not be either.
  if (io.broken()) return sooner(pass, io.clock.now() + retryMs);
  const source = io.known(`${policy.from}/${name}`);
  const [newest] = source?.records ?? [];
  const decision = decidePromotion({ policy, source: newest, target: record, nowMs: io.clock.now() });
  switch (decision.kind) {
    case "none":
      return sooner(await noting(io, pass, settledByItself(record)), decision.atMs);
    case "wait": {
      const { candidate, message, atMs } = decision;
      return sooner(await noting(io, pass, noted(io, record, candidate, { outcome: "waiting", message })), atMs);
    }
    case "promote":
      return carry(io, found, pass, policy, decision.candidate);
  }
}

/** The note where there is nothing to carry: who waited waits no more, and a proposal whose images are here was merged. */
function settledByItself({ promotion, images, revision }: DeliveryRecord): Promotion | undefined {
  if (promotion?.outcome === "waiting") return undefined;
  const isMerged = promotion?.outcome === "proposed" && promotion.images.every((image) => images.includes(image));
  if (!isMerged) return promotion;
  const message = `what ${promotion.from} proved healthy was proposed and merged`;
  return { ...promotion, outcome: "promoted", message, by: revision.commit };
}

async function carry(
  io: Io,
  { application }: FoundApplication,
  pass: Pass,
  { via }: PromotionSource,
  candidate: PromotionCandidate,
): Promise<Pass> {
  const { record } = pass.known;
  const source = io.known(candidate.from);
  if (!record || !source) return pass;
  const unsigned =
    via === "commit" ? await io.endorsements.againstPromoting(application, source.application, candidate) : undefined;
  if (unsigned) return settle(io, pass, record, candidate, { kind: "impossible", problem: unsigned });
  const { images } = candidate;
  const revision = { ...record.revision, commit: candidate.commit };
  const result = await promote(io.git, {
    application,
    branch: io.branch,
    via,
    onto: record.revision,
    candidate,
    release: await sourceCommitOf(io.git, revision, source.application.path, images),
    failed: failedHere(record, io.known(application.id)?.records ?? []),
  });
  if (result.kind === "moved") return { ...pass, fetch: true };
  if (result.kind === "unreachable") return { ...pass, trouble: result.problem };
  return settle(io, pass, record, candidate, result);
}

type Settled = Exclude<PromotionResult, { readonly kind: "moved" } | { readonly kind: "unreachable" }>;

/** Notes how it ended. What Git did not take is tried again; the rest waits for a commit. */
async function settle(
  io: Io,
  pass: Pass,
  record: DeliveryRecord,
  candidate: PromotionCandidate,
  result: Settled,
): Promise<Pass> {
  const next = noted(io, record, candidate, said(result, candidate));
  const after = await noting(io, pass, next);
  if (result.kind === "promoted") return { ...after, fetch: true };
  const isOpen = result.kind === "impossible" || result.kind === "denied";
  return sooner(after, isOpen ? io.clock.now() + retryMs : undefined);
}

type News = Pick<Promotion, "outcome" | "message"> & Partial<Promotion>;

function said(result: Settled, { from, images }: PromotionCandidate): News {
  const count = images.length === 1 ? "1 image" : `${images.length} images`;
  switch (result.kind) {
    case "promoted":
      return { outcome: "promoted", message: `${count} that ${from} proved healthy`, by: result.commit };
    case "proposed":
      return { outcome: "proposed", message: `${count} that ${from} proved healthy, for review`, by: result.commit };
    case "rejected":
    case "impossible":
    case "denied": {
      const { message, remedy } = result.problem;
      const outcome = result.kind === "rejected" ? "rejected" : "impossible";
      return { outcome, message, ...(remedy === undefined ? {} : { remedy }) };
    }
  }
}

/** Images that failed here and stayed blocked, by the commit that brought them, and those that a person took back. */
function failedHere(
  { promotion }: DeliveryRecord,
  records: readonly DeliveryRecord[],
): ReadonlyMap<string, readonly string[]> {
  const failed = records
    .filter(({ outcome, reason }) => outcome === "held" && reason !== "Degraded")
    .map(({ revision, images, lastHealthy }): readonly [string, readonly string[]] => [
      revision.commit,
      images.filter((image) => lastHealthy?.images?.includes(image) === false),
    ]);
  const takenBack = promotion?.by === undefined ? [] : [[promotion.by, promotion.images] as const];
  return new Map([...failed, ...takenBack]);
}

function noted({ clock }: Io, record: DeliveryRecord, candidate: PromotionCandidate, news: News): Promotion {
  const { promotion: before } = record;
  const isSame = before !== undefined && sameImages(before, candidate);
  const isSaid = isSame && before.onto === record.revision.tree && before.message === news.message;
  // Only of what is tried again it matters when that was last.
  if (isSaid && before.outcome === news.outcome && news.outcome !== "impossible") return before;
  const gaveWay = before?.outcome === "waiting" || before?.outcome === "proposed";
  const older = before && gaveWay ? [pick(before), ...before.superseded] : [];
  return {
    ...pick(candidate),
    // Once carried, the same images are not carried again where they are not any more.
    ...(isSame && before.by !== undefined ? { by: before.by } : {}),
    onto: record.revision.tree,
    ...news,
    at: new Date(clock.now()).toISOString(),
    superseded: (isSame ? before.superseded : older).slice(0, supersededKept),
  };
}

function pick({ from, commit, images }: PromotionCandidate): PromotionCandidate {
  return { from, commit, images };
}

function noting(io: Io, pass: Pass, promotion: Promotion | undefined): Promise<Pass> {
  const { record } = pass.known;
  if (!record || promotion === record.promotion) return Promise.resolve(pass);
  const { promotion: _, ...rest } = record;
  const next = promotion ? { ...rest, promotion } : rest;
  return log(io, { ...pass.known, record: next }, { kind: "steady" }).then((logged) => ({
    ...pass,
    ...sooner(logged, pass.againAtMs),
  }));
}
