/** Where forges show a commit, by the names of their hosts. Of others it is not known, and nothing is guessed. */
const forges: readonly (readonly [RegExp, string])[] = [
  [/^(?:[\w-]+\.)*gitlab\./, "/-/commit/"],
  [/^(?:[\w-]+\.)*(?:github|gitea|forgejo)\./, "/commit/"],
  [/^codeberg\.org$/, "/commit/"],
  [/^bitbucket\.org$/, "/commits/"],
];

/** The address of a commit on the forge that holds the repository; undefined where that is not by https, or not known. */
export function commitUrl(repository: string, commit: string): string | undefined {
  if (!/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(commit) || !URL.canParse(repository)) return undefined;
  const { protocol, host, hostname, pathname, username, password } = new URL(repository);
  const path = pathname.replace(/\/$/, "").replace(/\.git$/, "");
  if (protocol !== "https:" || username + password !== "" || !/^(?:\/[\w.~-]+){2,}$/.test(path)) return undefined;
  const found = forges.find(([name]) => name.test(hostname));
  return found && `https://${host}${path}${found[1]}${commit}`;
}
