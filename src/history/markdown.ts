/**
 * A text of anybody's as Markdown that shows just that, on one line: no markup, no link, no mention, no HTML, wherever it stands, in
 * a cell of a table or within HTML as well.
 */
export function markdownText(text: string): string {
  return (
    oneLine(text)
      .trim()
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll(/[\\`*_[\]|~$]|^[-+#=]|#(?=\d)/g, (character) => `&#${character.charCodeAt(0)};`)
      // Forges make mentions, references and links of these by themselves, from what an entity stands for as well.
      .replaceAll(/@(?=\w)/g, "&#64;&#8203;")
      .replaceAll(/&#35;(?=\d)/g, "&#35;&#8203;")
      .replaceAll("://", "&#58;//")
      .replaceAll(/\b(www)\./gi, "$1&#46;")
      .replace(/^(\d+)\./, "$1&#46;")
  );
}

/** Lines as a code block, in which nothing means anything; its fence is longer than any that is in it. */
export function codeBlock(language: string, lines: readonly string[]): string {
  const text = lines.map(oneLine).join("\n");
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** Without line breaks, control characters and what reorders the text around it. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, " ");
}
