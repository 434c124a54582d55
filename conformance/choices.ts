/** How the engine under test is started: as a process outside of the cluster, or in it by `plumb install`. */
export const engineChoices = ["process", "installed"] as const;
export type EngineChoice = (typeof engineChoices)[number];
