/** How a registry wants to be told who asks: `WWW-Authenticate`, taken apart. */
export type Challenge =
  | { readonly scheme: "basic" }
  | { readonly scheme: "bearer"; readonly realm: string; readonly service: string | undefined };

/** The strongest challenge of a header that we can answer; undefined when there is none. */
export function challengeOf(header: string | undefined): Challenge | undefined {
  const text = header ?? "";
  const bearer = /(?:^|,)\s*bearer\s+(.*)$/i.exec(text)?.[1];
  const parameters = new Map(
    [...(bearer ?? "").matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi)].map(
      ([, name = "", quoted, plain = ""]) => [name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? plain],
    ),
  );
  const realm = parameters.get("realm");
  if (realm !== undefined) return { scheme: "bearer", realm, service: parameters.get("service") };
  return /(^|,)\s*basic\b/i.test(text) ? { scheme: "basic" } : undefined;
}
