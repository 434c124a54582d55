/** The ways in which this service can be told to fail; all off unless its environment says otherwise. */
export interface Faults {
  readonly neverReady: boolean;
  readonly crashAfterSeconds: number | undefined;
  readonly slowStartSeconds: number;
  readonly flappingSeconds: number | undefined;
  readonly wrongCommit: string | undefined;
  /** Share of the requests, probes excepted, that get a 500: 0 to 1. */
  readonly errorShare: number;
  readonly memoryMebibytesPerSecond: number;
}

/** Everything the service takes from its environment. */
export interface Settings {
  /** Where to listen; undefined is every address of the pod, IPv4 and IPv6. */
  readonly host: string | undefined;
  readonly port: number;
  /** How long to keep answering after SIGTERM. */
  readonly drainSeconds: number;
  readonly version: string;
  readonly commit: string | null;
  readonly built: string | null;
  readonly image: string | null;
  readonly pod: string | null;
  readonly node: string | null;
  readonly environment: string | null;
  readonly faults: Faults;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings; throws an error that names the variable when a value makes no sense. */
export function readSettings(environment: Environment): Settings {
  const text = (name: string): string | null => environment[name]?.trim() || null;
  const number = (name: string, most = Number.MAX_SAFE_INTEGER): number | undefined => {
    const value = text(name);
    if (value === null) return undefined;
    const parsed = Number(value);
    if (!Number.isFinite(parsed) || parsed < 0 || parsed > most) {
      throw new Error(`${name}: "${value}" is not a number from 0 to ${most}`);
    }
    return parsed;
  };
  const flag = (name: string): boolean => {
    const value = text(name);
    if (value === null || value === "false") return false;
    if (value === "true") return true;
    throw new Error(`${name}: "${value}" is neither true nor false`);
  };
  return {
    host: text("HOST") ?? undefined,
    port: number("PORT", 65_535) ?? 8080,
    drainSeconds: number("DRAIN_SECONDS") ?? 5,
    version: text("PLUMBLINE_VERSION") ?? "unreleased",
    commit: text("PLUMBLINE_COMMIT"),
    built: text("PLUMBLINE_BUILT"),
    image: text("IMAGE"),
    pod: text("POD_NAME"),
    node: text("NODE_NAME"),
    environment: text("ENVIRONMENT"),
    faults: {
      neverReady: flag("FAULT_NEVER_READY"),
      crashAfterSeconds: number("FAULT_CRASH_AFTER_SECONDS"),
      slowStartSeconds: number("FAULT_SLOW_START_SECONDS") ?? 0,
      flappingSeconds: number("FAULT_FLAPPING_SECONDS") || undefined,
      wrongCommit: text("FAULT_WRONG_COMMIT") ?? undefined,
      errorShare: number("FAULT_ERROR_SHARE", 1) ?? 0,
      memoryMebibytesPerSecond: number("FAULT_MEMORY_MIB_PER_SECOND") ?? 0,
    },
  };
}
