import type { Answered } from "../api.ts";
import type { Said } from "../engine.ts";
import type { Repository } from "../repository.ts";

/** What Plumbline's delivery log says of an application: one JSON file on the branch plumbline/log. */
export function saidOnLog(repository: Repository, application: string): Said | undefined {
  const text = repository.read("show", `plumbline/log:${application}.json`);
  if (text === undefined) return undefined;
  const record: Answered = JSON.parse(text);
  const { outcome, reason, message, remedy, revision, drift } = record;
  return {
    outcome,
    reason,
    message,
    commit: revision.commit,
    ...(remedy === undefined ? {} : { remedy }),
    drift: drift.map(({ ref, manager }: Answered) => ({ kind: ref.kind, name: ref.name, manager })),
  };
}
