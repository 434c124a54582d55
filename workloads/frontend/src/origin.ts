import type { Available } from "./sources.ts";

/** What this page can ask on its own origin. A server that offers something else answers `origin.js` with its own words. */
export const origin: Available = { status: "events" };
