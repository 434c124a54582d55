import type { ObjectHealth, PodProgress } from "../model/health.ts";
import type { Outcome } from "../model/record.ts";
import type { Revision } from "../model/revision.ts";
import type { ApplicationStatus, DeliverySummary, StatusDocument } from "../model/status-document.ts";

/** One document for each state that the page must be able to show; made for tests, around a moment in milliseconds. */
export type ExampleState = Exclude<Outcome, "superseded"> | "first" | "empty" | "unreachable" | "hostile" | "many";

const good = revision("3f2a91bc", "Release 1.1.0: answer with the build's time", 700);
const better = revision("9d04e7a1", "Release 1.2.0: faster readiness", 60);
const goodImages = images("1.1.0", "1");
const betterImages = images("1.2.0", "2");

/** The example for a state. Times count back from `now`. */
export function exampleDocument(state: ExampleState, now: number): StatusDocument {
  const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1000).toISOString();
  const reachable = state !== "unreachable";
  return {
    schema: 1,
    generatedAt: at(0),
    engine: { version: "0.1.0", startedAt: at(4000) },
    repository: {
      url: "https://git.example.com/team/deployment.git",
      branch: "main",
      commit: better.commit,
      reachable,
      ...(reachable ? {} : { trouble: "git.example.com did not answer within 10 s." }),
      fetchedAt: at(reachable ? 2 : 300),
    },
    applications: applications(state, at),
  };
}

type At = (secondsAgo: number) => string;

function applications(state: ExampleState, at: At): readonly ApplicationStatus[] {
  if (state === "empty") return [];
  if (state === "unreachable") return [example("healthy", at)];
  if (state === "hostile") return [hostile(at)];
  if (state === "many") {
    const outcomes = ["healthy", "progressing", "healthy", "held", "healthy", "refused", "healthy"] as const;
    return outcomes.map((outcome, index) => named(example(outcome, at), ["staging", "production"][index % 2], index));
  }
  if (state === "first") {
    const { live: _, ...first } = example("progressing", at);
    return [{ ...first, history: [], drift: [], pods: pods("first") }];
  }
  return [example(state, at)];
}

function example(outcome: Exclude<Outcome, "superseded">, at: At): ApplicationStatus {
  const healthy = outcome === "healthy";
  const wanted = dated(better, at);
  return {
    id: "staging/probe",
    name: "probe",
    environment: "staging",
    namespace: "probe-staging",
    wanted: { revision: wanted, images: betterImages },
    live: healthy
      ? { commit: wanted.commit, tree: wanted.tree, healthyAt: at(20), images: betterImages }
      : { commit: good.commit, tree: good.tree, healthyAt: at(640), images: goodImages },
    inSync: healthy,
    outcome,
    ...said[outcome],
    startedAt: at(45),
    ...(outcome === "progressing" ? { deadlineAt: at(-75) } : { decidedAt: at(20) }),
    objects: objects(outcome).map((each) => ({ ...each, inSync: outcome !== "refused" })),
    pods: pods(outcome),
    drift: [
      {
        ref: { group: "apps", kind: "Deployment", namespace: "probe-staging", name: "backend" },
        manager: "kubectl-scale",
        fields: ["spec.replicas"],
        at: at(1900),
        undoneMs: 212,
      },
    ],
    history: history(outcome, at),
  };
}

const said: {
  readonly [state in Exclude<Outcome, "superseded">]: Pick<ApplicationStatus, "reason" | "message" | "remedy">;
} = {
  healthy: { reason: "Healthy", message: "all 9 objects are current and stayed so for 10 s" },
  progressing: { reason: "InProgress", message: "Deployment backend: 1 of 2 new pods is ready" },
  failed: {
    reason: "CrashLoop",
    message: "pod backend-7c9d5-x2x1p crashes again and again: exit code 1 after 0.4 s, 3 restarts",
  },
  "rolled-back": {
    reason: "DeadlineExceeded",
    message: "pod backend-7c9d5-x2x1p did not become ready within 2 min: its readiness probe answers 503",
  },
  held: {
    reason: "NeverHealthy",
    message: "the rollback failed its gate as well, so nothing more is written",
    remedy: "push a commit that fixes staging/probe; it is delivered at once",
  },
  refused: {
    reason: "Refused",
    message: "staging/probe/backend.yaml:14: spec.replicas must be a whole number; the cluster was not changed",
    remedy: "fix line 14 with a new commit",
  },
};

function pods(state: Outcome | "first"): readonly PodProgress[] {
  const ready = (name: string, generation: "new" | "old", workload: string): PodProgress => {
    return { name, workload, generation, phase: "Running", ready: true, restarts: 0, message: "" };
  };
  const frontend = [ready("frontend-5b8f7-k2m4c", "new", "frontend"), ready("frontend-5b8f7-zz81q", "new", "frontend")];
  const fresh = [ready("backend-7c9d5-p9q2w", "new", "backend")];
  const starting = { ...ready("backend-7c9d5-x2x1p", "new", "backend"), ready: false };
  const old = [ready("backend-66d4b-a1b2c", "old", "backend"), ready("backend-66d4b-d3e4f", "old", "backend")];
  if (state === "first") return [{ ...starting, phase: "Pending", message: "pulling image backend:1.2.0" }];
  if (state === "progressing")
    return [...old, ...fresh, { ...starting, message: "waiting for readiness" }, ...frontend];
  if (state === "failed" || state === "held") {
    const message = "exit code 1 after 0.4 s";
    return [...old, { ...starting, phase: "CrashLoopBackOff", restarts: 3, message }, ...frontend];
  }
  return [...fresh, { ...starting, ready: true }, ...frontend];
}

function objects(outcome: Outcome): readonly ObjectHealth[] {
  const kinds = ["Deployment", "Service", "ConfigMap", "ServiceAccount"];
  return kinds.flatMap((kind) =>
    ["backend", "frontend"].map((name): ObjectHealth => {
      const waits = kind === "Deployment" && name === "backend" && outcome !== "healthy" && outcome !== "refused";
      return {
        ref: { group: kind === "Deployment" ? "apps" : "", kind, namespace: "probe-staging", name },
        health: waits
          ? { status: "InProgress", reason: "RolloutInProgress", message: "1 of 2 new pods is ready" }
          : { status: "Current", reason: "Current", message: "" },
      };
    }),
  );
}

function history(outcome: Exclude<Outcome, "superseded">, at: At): readonly DeliverySummary[] {
  const past = (id: string, subject: string, secondsAgo: number, rest: Partial<DeliverySummary>): DeliverySummary => ({
    revision: dated(revision(id, subject, secondsAgo), at),
    outcome: "healthy",
    reason: "Healthy",
    message: "",
    startedAt: at(secondsAgo),
    decidedAt: at(secondsAgo - 14),
    durationMs: 14_200,
    ...rest,
  });
  const bad = "c81e0f44";
  const restores = { commit: good.commit, tree: good.tree, healthyAt: at(3000) };
  return [
    past("9d04e7a1", better.subject, 45, { outcome, ...said[outcome], ...(outcome === "progressing" ? open : {}) }),
    past("3f2a91bc", good.subject, 700, { durationMs: 11_800 }),
    past("e07b52d9", "Roll back staging/probe to 5510cc3e", 3600, { durationMs: 6400 }),
    past(bad, "Release 1.0.2: read the new settings", 3700, {
      outcome: "rolled-back",
      message: "pod backend-58bd4-q7w8e never became ready: its readiness probe answers 503",
      durationMs: 93_000,
      rollback: { commit: "e07b52d9".repeat(5), undoes: bad.repeat(5), restores },
    }),
    past("5510cc3e", "Release 1.0.1: say which node answers", 86_400, {}),
  ];
}

const open: Partial<DeliverySummary> = { message: "1 of 2 new pods is ready" };

/** What a repository that means harm, or a careless one, can put into every text. */
export const hostileText = `<img src=x onerror="document.title='owned'">\u202Etxet desrever\u2066${"endless".repeat(120)}`;

function hostile(at: At): ApplicationStatus {
  const application = example("failed", at);
  const evil = { ...application.wanted.revision, subject: hostileText, author: hostileText };
  return {
    ...application,
    name: hostileText,
    message: hostileText,
    remedy: hostileText,
    wanted: { revision: evil, images: [hostileText] },
    pods: application.pods.map((pod, index) => ({ ...pod, name: `${index}${hostileText}`, message: hostileText })),
    drift: application.drift.map((drift) => ({ ...drift, manager: hostileText, fields: [hostileText] })),
    history: application.history.map((delivery) => ({ ...delivery, revision: evil, message: hostileText })),
  };
}

function named(application: ApplicationStatus, environment = "staging", index = 0): ApplicationStatus {
  const name = ["probe", "shop", "mail", "search", "billing", "gateway", "reports"][index] ?? `app-${index}`;
  return { ...application, id: `${environment}/${name}`, name, environment };
}

function revision(id: string, subject: string, secondsAgo: number): Revision {
  const committedAt = String(secondsAgo);
  return { commit: id.repeat(5), tree: id.repeat(5), subject, author: "Ada Keller", committedAt };
}

function dated(of: Revision, at: At): Revision {
  return { ...of, committedAt: at(Number(of.committedAt)) };
}

function images(version: string, digit: string): readonly string[] {
  const digest = `sha256:${digit.repeat(64)}`;
  return ["backend", "frontend"].map((name) => `registry.example.com/team/${name}:${version}@${digest}`);
}
