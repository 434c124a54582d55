/** The steps in which ages grow coarser: below `until` of its unit an age is shown with the rest in the next smaller one. */
const units = [
  { name: "s", seconds: 1, until: 120, exactUntil: 0 },
  { name: "m", seconds: 60, until: 180, exactUntil: 10 },
  { name: "h", seconds: 3600, until: 48, exactUntil: 8 },
  { name: "d", seconds: 86_400, until: 730, exactUntil: 8 },
  { name: "y", seconds: 31_536_000, until: Number.POSITIVE_INFINITY, exactUntil: 8 },
] as const;

/** How long from one time to another (milliseconds) as kubectl shows ages: "4s", "3m20s", "26h", "12d"; "<unknown>" for no time. */
export function age(fromMs: number, nowMs: number): string {
  if (Number.isNaN(fromMs)) return "<unknown>";
  const seconds = Math.max(0, Math.floor((nowMs - fromMs) / 1000));
  const at = units.findIndex((unit) => Math.floor(seconds / unit.seconds) < unit.until);
  const unit = units[at] ?? units[4];
  const smaller = unit.name === "y" ? units[3] : units[at - 1];
  const whole = Math.floor(seconds / unit.seconds);
  const rest = smaller && whole < unit.exactUntil ? Math.floor((seconds % unit.seconds) / smaller.seconds) : 0;
  return `${whole}${unit.name}${rest > 0 && smaller ? `${rest}${smaller.name}` : ""}`;
}
