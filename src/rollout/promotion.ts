import type { PromotionSource } from "../model/application.ts";
import type { DeliveryRecord, Promotion, PromotionCandidate } from "../model/record.ts";
import { shortId } from "../model/revision.ts";

/** What a promotion is decided from. Times are milliseconds since the epoch. */
export interface PromotionSituation {
  readonly policy: PromotionSource;
  /** The record of the application of the same name in the environment that is promoted from. */
  readonly source: DeliveryRecord | undefined;
  readonly target: DeliveryRecord;
  readonly nowMs: number;
}

/**
 * What is to be done about a promotion. `none`: nothing is to be carried, or all was said; `wait`: what is waited for, to be
 * looked at again `atMs` or when one of the two applications is decided; `promote`: history writes the commit.
 */
export type PromotionDecision =
  | { readonly kind: "none"; readonly atMs?: number }
  | { readonly kind: "wait"; readonly candidate: PromotionCandidate; readonly message: string; readonly atMs?: number }
  | { readonly kind: "promote"; readonly candidate: PromotionCandidate };

/** How soon what Git did not take is tried again, in milliseconds. */
export const retryMs = 60_000;

/**
 * Whether the images that were healthy in one environment are to be carried to the next (behaviour P1): pure. The newest that
 * were healthy for the soak time win, and a delivery that is still going on there is not cut short by the next.
 */
export function decidePromotion({ policy, source, target, nowMs }: PromotionSituation): PromotionDecision {
  const candidate = source && candidateOf(source, target);
  if (!source?.lastHealthy || !candidate) return { kind: "none" };
  const soakedMs = Date.parse(source.lastHealthy.healthyAt) + policy.soakMs;
  if (soakedMs > nowMs && isHealthy(source)) {
    const message = `${nameOf(candidate)} is healthy there, and must stay so until ${new Date(soakedMs).toISOString()}`;
    return { kind: "wait", candidate, message, atMs: soakedMs };
  }
  if (soakedMs > healthyUntil(source, nowMs)) return { kind: "none" };
  const { promotion } = target;
  if (promotion && isSame(promotion, candidate, target.revision.tree)) {
    if (promotion.outcome === "proposed" || promotion.outcome === "rejected") return { kind: "none" };
    const retryAtMs = Date.parse(promotion.at) + retryMs;
    if (promotion.outcome === "impossible" && nowMs < retryAtMs) {
      return { kind: "none", atMs: retryAtMs };
    }
  }
  // What was carried and is not there any more failed or was taken back: history knows, and nobody need wait for its answer.
  const wasCarried = promotion?.outcome === "promoted" && sameImages(promotion, candidate);
  if (policy.via === "commit" && !wasCarried && (target.outcome === "progressing" || target.outcome === "failed")) {
    const message = `${nameOf(candidate)} waits until the delivery of ${shortId(target.revision.commit)} here is decided`;
    return { kind: "wait", candidate, message };
  }
  return { kind: "promote", candidate };
}

/** What is healthy in the source and is not what the target asks for: images by digest, and only those it uses already. */
function candidateOf(source: DeliveryRecord, target: DeliveryRecord): PromotionCandidate | undefined {
  const { lastHealthy, application: from } = source;
  const used = new Set(target.images.map(repositoryOf));
  const pinned = (lastHealthy?.images ?? []).filter((image) => image.includes("@sha256:"));
  const several = new Set(
    pinned.map(repositoryOf).filter((repository, index, all) => all.indexOf(repository) !== index),
  );
  const images = pinned.filter(
    (image) => used.has(repositoryOf(image)) && !several.has(repositoryOf(image)) && !onlyUses(target.images, image),
  );
  return lastHealthy && images.length > 0 ? { from, commit: lastHealthy.commit, images } : undefined;
}

/** True when each reference to the repository of `image` is `image` itself. */
function onlyUses(images: readonly string[], image: string): boolean {
  return images.every((other) => other === image || repositoryOf(other) !== repositoryOf(image));
}

/** `host:5000/name:tag@sha256:…` -> `host:5000/name`. */
function repositoryOf(image: string): string {
  const name = image.split("@")[0] ?? "";
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  return colon < 0 ? name : name.slice(0, colon);
}

function isHealthy({ outcome, degradedSince }: DeliveryRecord): boolean {
  return outcome === "healthy" && degradedSince === undefined;
}

/** Until when what was last healthy was seen to be so: now, or until it degraded or another revision began. */
function healthyUntil(source: DeliveryRecord, nowMs: number): number {
  if (isHealthy(source)) return nowMs;
  const degradedSince = source.outcome === "healthy" ? source.degradedSince : undefined;
  return Date.parse(degradedSince ?? source.startedAt);
}

function isSame(promotion: Promotion, candidate: PromotionCandidate, onto: string): boolean {
  return promotion.onto === onto && sameImages(promotion, candidate);
}

/** True when both carry the same images. */
export function sameImages(left: PromotionCandidate, right: PromotionCandidate): boolean {
  return left.from === right.from && left.images.join(" ") === right.images.join(" ");
}

function nameOf({ from, commit }: PromotionCandidate): string {
  return `${from} at ${shortId(commit)}`;
}
