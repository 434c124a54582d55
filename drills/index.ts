import { crashLoop } from "./crash-loop.ts";
import type { Drill } from "./drill.ts";
import { missingConfigMap } from "./missing-config-map.ts";
import { neverReady } from "./never-ready.ts";
import { slowStart } from "./slow-start.ts";
import { wrongImage } from "./wrong-image.ts";

/** Every drill, by name. */
export const drills: readonly Drill[] = [crashLoop, missingConfigMap, neverReady, slowStart, wrongImage];
