import type { Clock } from "../io/clock/clock.ts";
import type { Registry } from "../io/registry/registry.ts";
import type { Application } from "../model/application.ts";
import type { Manifest } from "../model/manifest.ts";
import { refLabel } from "../model/object-ref.ts";
import { ProblemError } from "../model/problem.ts";
import type { Problem, Result } from "../model/problem.ts";
import type { HealthyRevision } from "../model/record.ts";
import type { ImageKey } from "../pins/image-key.ts";
import { isSignedBy, signedDigest } from "../pins/image-signature.ts";
import { namedImages } from "../pins/named-images.ts";
import type { NamedImage } from "../pins/named-images.ts";
import { parseReference } from "../pins/reference.ts";
import { signaturesOf } from "../pins/signatures-of.ts";

/** What the engine itself says of images; nothing of it comes from the repository. */
export interface ImageTrust {
  /** Reads the allowed keys as they are now: one that is taken away counts no more. */
  readonly keys: () => Promise<Result<readonly ImageKey[]>>;
  /** Where images are asked about. */
  readonly registry: Registry;
  /** Every image must be signed, whatever the repository says. */
  readonly always: boolean;
}

/** Why a revision may not be applied now: for what it names, or because that cannot be found out at the moment. */
export type Doubt =
  | { readonly kind: "refused"; readonly problems: readonly Problem[] }
  | { readonly kind: "unknown"; readonly problem: Problem };

/** What was found out of an image; what may be otherwise later counts until a time (milliseconds since the epoch). */
type Finding =
  | { readonly kind: "signed"; readonly key: string }
  | { readonly kind: "unsigned"; readonly why: string; readonly keys: string; readonly untilMs: number }
  | { readonly kind: "unknown"; readonly problem: Problem; readonly failures: number; readonly untilMs: number };

/** What images are checked by at one moment. */
interface Trusted {
  readonly kind: "trusted";
  readonly keys: readonly ImageKey[];
  readonly registry: Registry;
}

/** All that is asked about one image may take this long. */
const patienceMs = 20_000;
/** A signature may come later: it is looked for again, at most this often. */
const unsignedMs = 30_000;
const longestBackOffMs = 60_000;
/** Images that are remembered; of more the ones that were found out first are asked about again. */
const remembered = 5000;

/**
 * Whether every image that a revision names is pinned by digest and signed by an allowed key (behaviour L5). A digest that
 * was found signed is not asked about again while its key is allowed: neither of the two can change.
 */
export class SignedImages {
  readonly #trust: ImageTrust | undefined;
  readonly #clock: Clock;
  readonly #found = new Map<string, Finding>();

  constructor(trust: ImageTrust | undefined, clock: Clock) {
    this.#trust = trust;
    this.#clock = clock;
  }

  /** What speaks against applying manifests; nothing where no signatures are asked for. `before` ran until now. */
  async against(
    application: Application,
    manifests: readonly Manifest[],
    before: HealthyRevision | undefined,
  ): Promise<Doubt | undefined> {
    if (!this.#isAsked(application)) return undefined;
    const images = namedImages(manifests);
    const trusted = await this.#trusted();
    if (trusted.kind === "doubt") return trusted.doubt;
    const names = [...new Set(images.map(({ image }) => image))];
    const asked = names.map(async (name) => [name, await this.#find(name, trusted)] as const);
    const findings = new Map(await Promise.all(asked));
    const problems = images.flatMap((one) => problemOf(one, findings.get(one.image), trusted.keys));
    if (problems.length > 0) return { kind: "refused", problems };
    const [unknown] = images.flatMap((one) => unknownOf(one, findings.get(one.image)));
    if (unknown) return { kind: "unknown", problem: unknown };
    // A rollback must not have to wait for a registry that answers now and not then.
    await Promise.all((before?.images ?? []).map((image) => this.#find(image, trusted)));
    return undefined;
  }

  /** Why a state must not be put back: it runs what nobody signed, and would be refused. */
  async againstRestoring(
    { images = [], commit }: HealthyRevision,
    application: Application,
  ): Promise<Problem | undefined> {
    if (!this.#isAsked(application)) return undefined;
    const trusted = await this.#trusted();
    if (trusted.kind === "doubt") return trusted.doubt.kind === "refused" ? trusted.doubt.problems[0] : undefined;
    for (const image of images) {
      const finding = await this.#find(image, trusted);
      if (finding !== undefined && finding.kind !== "unsigned") continue;
      const message = `The state of ${commit.slice(0, 8)} would be refused: it runs ${image}, and ${finding?.why ?? notPinned}.`;
      return { code: "image-not-signed", message, where: { file: application.path }, remedy: "Sign that image." };
    }
    return undefined;
  }

  #isAsked({ requires = [] }: Application): boolean {
    return this.#trust?.always === true || requires.includes("signed-images");
  }

  /** Whose signatures count now, and where they are; else why nobody can say. */
  async #trusted(): Promise<Trusted | { readonly kind: "doubt"; readonly doubt: Doubt }> {
    if (this.#trust === undefined) return { kind: "doubt", doubt: { kind: "refused", problems: [nobodyMay] } };
    const { registry, keys } = this.#trust;
    const read = await keys();
    // Whoever replaces the files may be in the middle of it: tried again, and nothing is applied until then.
    const [wrong] = read.ok ? [] : read.problems;
    if (wrong) return { kind: "doubt", doubt: { kind: "unknown", problem: wrong } };
    return { kind: "trusted", keys: read.ok ? read.value : [], registry };
  }

  /** What is found, or known, of an image; undefined when it is not pinned. */
  async #find(image: string, trusted: Trusted): Promise<Finding | undefined> {
    const { name, digest } = parseReference(image) ?? {};
    if (name === undefined || digest === undefined) return undefined;
    // Where it was asked for matters only as long as nothing is found: the digest is the image.
    const known = [this.#found.get(digest), this.#found.get(`${name}@${digest}`)].find((one) =>
      this.#counts(one, trusted.keys),
    );
    if (known) return known;
    const found = await this.#ask(name, digest, trusted);
    const key = found.kind === "signed" ? digest : `${name}@${digest}`;
    this.#found.delete(key);
    this.#found.set(key, found);
    for (const oldest of this.#found.keys()) {
      if (this.#found.size <= remembered) break;
      this.#found.delete(oldest);
    }
    return found;
  }

  #counts(finding: Finding | undefined, keys: readonly ImageKey[]): boolean {
    if (finding === undefined) return false;
    if (finding.kind === "signed") return keys.some(({ id }) => id === finding.key);
    return this.#clock.now() < finding.untilMs && (finding.kind === "unknown" || finding.keys === idsOf(keys));
  }

  async #ask(name: string, digest: string, { keys, registry }: Trusted): Promise<Finding> {
    const startedMs = this.#clock.now();
    const onward = (): void => {
      if (this.#clock.now() - startedMs > patienceMs) throw new ProblemError(tooSlow(name));
    };
    const seen = { stored: 0, other: undefined as string | undefined };
    try {
      for await (const stored of signaturesOf(registry, name, digest, onward)) {
        seen.stored += 1;
        const key = keys.find((each) => isSignedBy(stored, each.key));
        if (key === undefined) continue;
        const signed = signedDigest(stored.payload);
        if (signed === digest) return { kind: "signed", key: key.id };
        seen.other = signed ?? "something else";
      }
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const last = this.#found.get(`${name}@${digest}`);
      const failures = last?.kind === "unknown" ? last.failures + 1 : 1;
      const waitMs = Math.min(longestBackOffMs, 1000 * 2 ** (failures - 1));
      return { kind: "unknown", problem: error.problem, failures, untilMs: this.#clock.now() + waitMs };
    }
    return { kind: "unsigned", why: whyNot(seen), keys: idsOf(keys), untilMs: this.#clock.now() + unsignedMs };
  }
}

const notPinned = "it is not pinned by digest, so nobody can say which image it will be";

function whyNot({ stored, other }: { readonly stored: number; readonly other: string | undefined }): string {
  if (other !== undefined) return `an allowed key signed ${other} there, and not this digest`;
  return stored === 0
    ? "its registry has no signature of it"
    : `none of its ${stored} signature${stored === 1 ? "" : "s"} is by an allowed key`;
}

function problemOf(
  { manifest, user, image }: NamedImage,
  finding: Finding | undefined,
  keys: readonly ImageKey[],
): readonly Problem[] {
  if (finding?.kind === "signed" || finding?.kind === "unknown") return [];
  const place = `${refLabel(manifest.ref)}, ${user}`;
  const { where } = manifest;
  if (finding === undefined) {
    const message = `${place}: the image ${image} is not signed: ${notPinned}.`;
    const remedy = "Pin it as name:tag@sha256:…, as `plumb release` does.";
    return [{ code: "image-not-pinned", message, where, remedy }];
  }
  const message = `${place}: the image ${image} is not signed by an allowed key: ${finding.why}.`;
  return [{ code: "image-not-signed", message, where, remedy: howToSign(image, keys) }];
}

function unknownOf({ manifest, user, image }: NamedImage, finding: Finding | undefined): readonly Problem[] {
  if (finding?.kind !== "unknown") return [];
  const { problem } = finding;
  const what = `${refLabel(manifest.ref)}, ${user}: nobody can say now whether the image ${image} is signed`;
  return [{ ...problem, message: `${what}: ${problem.message}`, where: manifest.where }];
}

function howToSign(image: string, keys: readonly ImageKey[]): string {
  const files = [...new Set(keys.map(({ file }) => file))].toSorted();
  if (files.length === 0) return "No key may sign: put one into the folder of --allowed-image-keys.";
  const shown = files.length > 10 ? [...files.slice(0, 10), `${files.length - 10} more`] : files;
  return `Sign it: plumb release --sign-images, or cosign sign --key … ${image}; the allowed keys: ${shown.join(", ")}. It is looked at again.`;
}

function idsOf(keys: readonly ImageKey[]): string {
  return keys
    .map(({ id }) => id)
    .toSorted()
    .join(" ");
}

const nobodyMay: Problem = {
  code: "image-keys-missing",
  message: "Only signed images are delivered, and no key may sign.",
  where: { file: "delivery.yaml" },
  remedy: "Start the engine with --allowed-image-keys.",
};

function tooSlow(name: string): Problem {
  return {
    code: "registry-too-slow",
    message: `The registry of ${name} took more than ${patienceMs / 1000} s to show the signatures of one image.`,
    remedy: "See what holds it up; it is asked again.",
  };
}
