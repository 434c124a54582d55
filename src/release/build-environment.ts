import { posix } from "node:path";

/** How programs reach the network and whom they trust there; nothing that a build could put into an image. */
const passed =
  /^(PATH|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|(https?|all|no)_proxy|(HTTPS?|ALL|NO)_PROXY|npm_config_(registry|userconfig|cache|https?_proxy|proxy|noproxy|cafile))$/;

/**
 * The variables that builds get of the surroundings: where programs are, how the network is reached, and how npm reaches
 * its registry and its cache, which lie below the person's HOME where nothing else is said. npm looks into its cache first.
 */
export function buildEnvironment(surroundings: { readonly [name: string]: string | undefined }): {
  readonly [name: string]: string;
} {
  const home = surroundings["HOME"];
  const npm =
    home === undefined
      ? {}
      : { npm_config_cache: posix.join(home, ".npm"), npm_config_userconfig: posix.join(home, ".npmrc") };
  const kept = Object.entries(surroundings).filter((entry): entry is [string, string] => {
    return passed.test(entry[0]) && entry[1] !== undefined;
  });
  return { ...npm, npm_config_prefer_offline: "true", ...Object.fromEntries(kept) };
}
