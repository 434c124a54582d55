import { outcomes } from "../model/record.ts";
import type { StatusDocument } from "../model/status-document.ts";
import type { EngineMeter } from "./delivery-meter.ts";
import { familiesText } from "./meter.ts";
import type { Labels, MetricFamily } from "./meter.ts";
import type { ReceiverState } from "./outside.ts";

/** Everything that metrics are made from. */
export interface MetricsSource {
  readonly document: StatusDocument;
  /** Requests to the API server so far, by verb, resource and code: `PATCH deployments 200`; code 0 had no answer. */
  readonly requests: ReadonlyMap<string, number>;
  readonly leads: boolean;
  readonly meter: EngineMeter;
  readonly receivers: readonly ReceiverState[];
  readonly queue: { readonly waiting: number; readonly working: number };
}

/** All metrics of an engine in Prometheus' text format. Times are seconds. */
export function metricsText(source: MetricsSource): string {
  return familiesText([...engineFamilies(source), ...applicationFamilies(source.document), ...source.meter.families()]);
}

function engineFamilies({ document, requests, leads, receivers, queue }: MetricsSource): readonly MetricFamily[] {
  const { repository, generatedAt, engine } = document;
  const { fetchedAt, branch, reachable } = repository;
  const ageS =
    fetchedAt === undefined ? [] : [one({}, Math.max(0, Date.parse(generatedAt) - Date.parse(fetchedAt)) / 1000)];
  return [
    gauge("plumbline_build_info", "The running version.", [one({ version: engine.version }, 1)]),
    gauge("plumbline_leader", "1 while this engine leads, 0 while it stands by.", [one({}, leads ? 1 : 0)]),
    gauge("plumbline_repository_reachable", "1 while Git can be reached.", [one({ branch }, reachable ? 1 : 0)]),
    gauge("plumbline_repository_fetch_age_seconds", "Seconds since the last fetch that succeeded.", ageS),
    gauge("plumbline_queue_waiting", "Applications that wait for a pass.", [one({}, queue.waiting)]),
    gauge("plumbline_queue_working", "Passes that are going on.", [one({}, queue.working)]),
    gauge(
      "plumbline_notifications_waiting",
      "What a receiver is still to be told.",
      receivers.map(({ receiver, waiting }) => one({ receiver }, waiting)),
    ),
    {
      name: "plumbline_api_requests_total",
      type: "counter",
      help: "Requests to the API server; code 0 had no answer.",
      samples: [...requests].toSorted(byKey).map(([key, count]) => {
        const [verb = "", resource = "", code = ""] = key.split(" ");
        return one({ verb, resource, code }, count);
      }),
    },
  ];
}

function applicationFamilies({ applications }: StatusDocument): readonly MetricFamily[] {
  return [
    gauge(
      "plumbline_application_outcome",
      "1 for the outcome that the newest delivery of an application has.",
      applications.flatMap(({ id, environment, outcome }) =>
        outcomes.map((some) => one({ application: id, environment, outcome: some }, some === outcome ? 1 : 0)),
      ),
    ),
    gauge(
      "plumbline_application_in_sync",
      "1 while what Git wants is live and healthy.",
      applications.map(({ id, environment, inSync }) => one({ application: id, environment }, inSync ? 1 : 0)),
    ),
    gauge(
      "plumbline_application_outcome_timestamp_seconds",
      "When the newest delivery of an application was decided, or began.",
      applications.map(({ id, environment, startedAt, decidedAt = startedAt }) =>
        one({ application: id, environment }, Date.parse(decidedAt) / 1000),
      ),
    ),
  ];
}

function gauge(name: string, help: string, samples: MetricFamily["samples"]): MetricFamily {
  return { name, type: "gauge", help, samples };
}

function one(labels: Labels, value: number) {
  return { labels, value };
}

function byKey([left]: readonly [string, number], [right]: readonly [string, number]): number {
  return left < right ? -1 : 1;
}
