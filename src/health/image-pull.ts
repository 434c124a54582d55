/** What a registry that is busy, broken or out of reach makes the kubelet say: the next attempt may succeed. */
const passing =
  /time[d -]?out|deadline exceeded|connection (refused|reset)|no such host|temporar|try again|unavailable|tls handshake|network|\beof\b|status[^"]{0,20}\b5\d\d\b/i;

/** What is said of a pull that failed, what it means in plain words, and whether another attempt can change it. */
const meanings = [
  [/too ?many ?requests|rate.?limit|status[^"]{0,20}\b429\b/i, "its registry limits how often it may be pulled", false],
  [passing, "its registry cannot be reached now", false],
  [/no match(ing manifest)? for /i, "it is not built for the platform of the node", true],
  [
    /denied|unauthori[sz]ed|authorization|forbidden|no basic auth/i,
    "its registry has no such image, or wants credentials for it (imagePullSecrets)",
    true,
  ],
  [/not found|does not exist|(manifest|name) unknown/i, "its registry has no such image", true],
  [/invalid/i, "its reference is invalid", true],
] as const;

/** What runtimes and the kubelet wrap around the cause, each time with the name of the image. */
const wrappings =
  /Back-off pulling image "[^"]*"(: )?|\bErrImagePull: |rpc error: code = \w+ desc = |failed to (pull and unpack|pull|resolve)( image| reference)? "[^"]*": /g;

/** Why an image was not pulled: the meaning in plain words where it is known, the cause itself, whether waiting is in vain. */
export interface FailedPull {
  readonly meaning: string | undefined;
  readonly cause: string;
  readonly isFinal: boolean;
}

/**
 * Reads what a kubelet says of a pull that failed. Kubelets before Kubernetes 1.32 give no cause while they back off, whether
 * the image does not exist or its registry is away, so that is not final: the next attempt tells.
 */
export function failedPull(said: string): FailedPull {
  // Names of images are in quotes and may hold any word.
  const words = said.replaceAll(/"[^"]*"/g, "");
  const found = meanings.find(([pattern]) => pattern.test(words));
  return { meaning: found?.[1], cause: said.replaceAll(wrappings, ""), isFinal: found?.[2] ?? false };
}
