import { h } from "./dom.ts";
import type { Answer, Heard } from "./sources.ts";
import type { Application, Metadata, StatusDocument } from "./status.ts";
import { ago, clip, count, duration, imageName, shortId } from "./words.ts";

/** How many answers of the backend are kept to be shown. */
export const answersKept = 60;

/** What the backend itself answers through the Ingress, beside what Git wants of it. */
export function backendPart(
  heard: Heard<Metadata>,
  answers: readonly Answer[],
  status: StatusDocument | undefined,
  now: number,
): HTMLElement {
  const { value, lost } = heard;
  const wanted = value ? wantedImage(value, status) : undefined;
  const agrees = wanted === undefined ? undefined : isImage(wanted, value ?? {});
  const tone = lost ? "off" : agrees === false ? "moving" : value ? "true" : "quiet";
  return h(
    "section",
    { class: "backend", "data-tone": tone, "data-key": "backend", "aria-labelledby": "backend-name" },
    h("h2", { id: "backend-name" }, "The backend answers"),
    h(
      "p",
      { class: "word tone" },
      value ? `Version ${clip(value.version ?? "unknown", 40)}` : lost ? "No answer" : "Asking",
    ),
    value &&
      h(
        "p",
        { class: "message" },
        "Commit ",
        h("code", {}, shortId(value.commit ?? "unknown")),
        `, ${health(heard, answers)}`,
      ),
    !value && lost && h("p", { class: "message" }, "Nothing has answered yet; asking again every second."),
    wanted !== undefined &&
      h(
        "p",
        {},
        agrees ? "It is what Git wants: " : "Git wants ",
        h("code", {}, imageName(wanted)),
        agrees ? "." : "; pods are changing over, or are held back.",
      ),
    strip(answers),
    value &&
      h(
        "p",
        { class: "quiet" },
        [
          value.pod ? `pod ${clip(value.pod, 80)}` : "",
          value.node ? `node ${clip(value.node, 80)}` : "",
          value.environment ? `environment ${clip(value.environment, 80)}` : "",
          value.started ? `started ${ago(value.started, now)}` : "",
        ]
          .filter((part) => part !== "")
          .join(", "),
      ),
  );
}

function health({ lost, contactAt }: Heard<Metadata>, answers: readonly Answer[]): string {
  const last = answers.at(-1);
  if (!lost) return last ? `healthy, answered in ${duration(last.ms)}.` : "healthy.";
  const age = ago(contactAt === undefined ? undefined : new Date(contactAt).toISOString(), Date.now());
  return last && last.status > 0
    ? `last seen ${age}: it now answers with status ${last.status}.`
    : `last seen ${age}: it does not answer now.`;
}

/** One tick an answer; a change of commit changes the colour, so that a rollout is seen to cross over. */
function strip(answers: readonly Answer[]): HTMLElement | undefined {
  if (answers.length === 0) return undefined;
  const commits = [...new Set(answers.filter(({ ok }) => ok).map(({ commit }) => commit))];
  const failed = answers.filter(({ ok }) => !ok).length;
  return h(
    "figure",
    { class: "strip" },
    h(
      "div",
      { class: "ticks", "aria-hidden": "true" },
      ...answers.map(({ at, ok, commit }) =>
        h("i", { "data-key": String(at), class: ok ? `tick tick-${commits.indexOf(commit) % 3}` : "tick tick-failed" }),
      ),
    ),
    h(
      "figcaption",
      { class: "quiet" },
      `${failed} failed of the last ${count(answers.length, "request")}${commits.length > 1 ? `, from ${commits.length} versions` : ""}`,
    ),
  );
}

function wantedImage(metadata: Metadata, status: StatusDocument | undefined): string | undefined {
  const fits = ({ environment }: Application): boolean => !metadata.environment || environment === metadata.environment;
  const images = (status?.applications ?? []).filter(fits).flatMap(({ wanted }) => wanted.images);
  const named = images.filter((image) => imageName(image).split(":")[0] === (metadata.name ?? "backend"));
  return named.find((image) => isImage(image, metadata)) ?? named[0];
}

function isImage(image: string, { digest, commit }: Metadata): boolean {
  if (digest && image.includes("@")) return image.endsWith(`@${digest}`);
  return Boolean(commit) && image.includes(`:${commit}`);
}
