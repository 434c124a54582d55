/** One line of at most `most` UTF-16 units, cut at a word where that costs little; characters are never cut in two. */
export function shortened(text: string, most: number): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  if (line.length <= most) return line;
  const cut = line.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "");
  const space = cut.lastIndexOf(" ");
  return `${space > most * 0.7 ? cut.slice(0, space) : cut}…`;
}
