import { outcomes } from "../model/record.ts";
import type { StatusDocument } from "../model/status-document.ts";

/**
 * The document and the API requests so far in Prometheus' text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Times are seconds.
 */
export function metricsText(document: StatusDocument, requests: ReadonlyMap<string, number>, leads: boolean): string {
  const { applications, repository, generatedAt, engine } = document;
  const nowS = Date.parse(generatedAt) / 1000;
  return [
    ...metric("plumbline_build_info", "gauge", "The running version.", [[{ version: engine.version }, 1]]),
    ...metric("plumbline_leader", "gauge", "1 while this engine leads, 0 while it stands by.", [[{}, leads ? 1 : 0]]),
    ...metric("plumbline_repository_reachable", "gauge", "1 while Git can be reached.", [
      [{ branch: repository.branch }, repository.reachable ? 1 : 0],
    ]),
    ...metric(
      "plumbline_repository_fetch_age_seconds",
      "gauge",
      "Seconds since the last fetch that succeeded.",
      repository.fetchedAt === undefined ? [] : [[{}, Math.max(0, nowS - Date.parse(repository.fetchedAt) / 1000)]],
    ),
    ...metric(
      "plumbline_application_outcome",
      "gauge",
      "1 for the outcome that the newest delivery of an application has.",
      applications.flatMap(({ id, outcome }) =>
        outcomes.map((one) => [{ application: id, outcome: one }, one === outcome ? 1 : 0] as const),
      ),
    ),
    ...metric(
      "plumbline_application_in_sync",
      "gauge",
      "1 while what Git wants is live and healthy.",
      applications.map(({ id, inSync }) => [{ application: id }, inSync ? 1 : 0] as const),
    ),
    ...metric(
      "plumbline_application_drift_undone",
      "gauge",
      "Changes behind Git's back among the last that were undone.",
      applications.map(({ id, drift }) => [{ application: id }, drift.length] as const),
    ),
    ...metric(
      "plumbline_api_requests_total",
      "counter",
      "Requests to the API server.",
      [...requests]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, count]) => {
          const [verb = "", resource = ""] = key.split(" ");
          return [{ verb, resource }, count] as const;
        }),
    ),
    "",
  ].join("\n");
}

type Labels = { readonly [name: string]: string };

function metric(
  name: string,
  type: "gauge" | "counter",
  help: string,
  samples: readonly (readonly [Labels, number])[],
): readonly string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}`),
  ];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
