import { headline } from "./frame.ts";
import type { Heard } from "./sources.ts";
import type { StatusDocument } from "./status.ts";
import { concernOf, standing } from "./words.ts";
import type { Concern } from "./words.ts";

/** The state of everything for a tab: how many need a person, then the sentence. */
export function titleText({ value, lost }: Heard<StatusDocument>): string {
  if (!value) return "Plumbline";
  const [only, ...others] = value.applications;
  const alone = only && others.length === 0;
  const person = value.applications.filter((each) => concernOf(each) === "person").length;
  const counted = person > 0 && !alone ? `(${person}) ` : "";
  const word = alone ? standing(only.outcome).word : headline(value.applications).text.replace(/\.$/, "");
  return `${lost ? "Connection lost: " : ""}${counted}${word} – Plumbline`;
}

/** How the bob hangs in the tab's icon, and in which colour: by its shape, too, a tab can be told from the others. */
const icons: { readonly [concern in Concern]: readonly [angle: number, colour: string, mark: string] } = {
  true: [0, "#2b8a5b", ""],
  moving: [14, "#3b7fc0", ""],
  person: [32, "#c8402f", "<circle cx='24' cy='7' r='6'/>"],
};

/** The tab's icon for the state of everything, as an address of an image; grey when the connection is lost. */
export function iconAddress({ value, lost }: Heard<StatusDocument>): string {
  const [angle, tone, mark] = icons[headline(value?.applications ?? []).concern];
  const colour = lost || !value ? "#808890" : tone;
  const bob = `<path transform='rotate(${-angle} 15 1)' d='M14 1h2v10h3l4 5-3 6-5 9-5-9-3-6 4-5h3z'/>`;
  const drawn = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='${colour}'>${bob}${mark}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(drawn)}`;
}
