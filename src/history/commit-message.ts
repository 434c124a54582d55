/** A commit message: subject, paragraphs of text, trailers. Whatever is put in stays where it belongs. */
export function commitMessage(
  subject: string,
  paragraphs: readonly string[],
  trailers: readonly (readonly [string, string])[],
): string {
  const body = paragraphs.map((paragraph) => wrap(oneLine(paragraph), 72)).filter((paragraph) => paragraph !== "");
  const lines = trailers.map(([key, value]) => `${key}: ${oneLine(value)}`);
  return `${[shorten(oneLine(subject), 120), ...body, lines.join("\n")].filter((part) => part !== "").join("\n\n")}\n`;
}

/** Without line breaks and control characters, so that no text can pass for another part of the message. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is removed
  return text.replaceAll(/[\u0000-\u0020\u007f-\u009f\u2028\u2029]+/g, " ").trim();
}

/** At most `length` characters, cut between words where that can be. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length - 1);
  const space = cut.lastIndexOf(" ");
  return `${(space > length / 2 ? cut.slice(0, space) : cut).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

function wrap(text: string, width: number): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}
