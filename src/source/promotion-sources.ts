/** What of an environment says where its images come from. */
interface Promoted {
  readonly promote?: { readonly from: string } | undefined;
}

/** What is wrong with `promote.from` of some environments, by their names: it is no other one, or leads round in a circle. */
export function wrongSources(environments: { readonly [name: string]: Promoted }): ReadonlyMap<string, string> {
  const names = Object.keys(environments);
  return new Map(
    names.flatMap((name) => {
      const wrong = wrongSource(environments, name);
      return wrong === undefined ? [] : [[name, wrong]];
    }),
  );
}

function wrongSource(environments: { readonly [name: string]: Promoted }, name: string): string | undefined {
  const sourceOf = (at: string): string | undefined =>
    Object.hasOwn(environments, at) ? environments[at]?.promote?.from : undefined;
  const from = sourceOf(name);
  if (from === undefined) return undefined;
  const others = Object.keys(environments).filter((other) => other !== name);
  if (!others.includes(from)) {
    const known = others.length > 0 ? `; the others are ${others.join(", ")}` : "";
    return `${JSON.stringify(from)} is not another environment of this file${known}`;
  }
  // Environments that promote from each other would exchange their images for ever.
  const passed = new Set<string>();
  for (let at: string | undefined = from; at !== undefined && !passed.has(at); at = sourceOf(at)) passed.add(at);
  return passed.has(name) ? `leads back to ${name}, so that images would go round in a circle` : undefined;
}
