import type { ObjectHealth, PodProgress } from "../model/health.ts";
import type { Outcome } from "../model/record.ts";
import type { Revision } from "../model/revision.ts";
import type { ApplicationStatus, DeliverySummary, StatusDocument } from "../model/status-document.ts";

type Decided = Exclude<Outcome, "superseded">;

/** One document for each state that the page must be able to show; made for tests, around a moment in milliseconds. */
export type ExampleState =
  | Decided
  | "first"
  | "promoted"
  | "promoting"
  | "canary"
  | "empty"
  | "unreachable"
  | "hostile"
  | "many"
  | "crowd";

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
      url: "https://gitlab.example.com/team/deployment.git",
      branch: "main",
      commit: better.commit,
      reachable,
      ...(reachable ? {} : { trouble: "gitlab.example.com did not answer within 10 s." }),
      fetchedAt: at(reachable ? 2 : 300),
    },
    ...(reachable
      ? {}
      : { untold: [{ receiver: "gitlab", message: "gitlab.example.com answered 401 (Put a valid token there.)" }] }),
    applications: applications(state, at),
  };
}

type At = (secondsAgo: number) => string;

function applications(state: ExampleState, at: At): readonly ApplicationStatus[] {
  switch (state) {
    case "empty":
      return [];
    case "unreachable":
      return [example("healthy", at)];
    case "hostile":
      return [hostile(at)];
    case "promoted":
    case "promoting":
      return promoted(state, at);
    case "canary":
      return [{ ...example("progressing", at), canary: { pods: 1, beside: 2 } }];
    case "many":
      return many(["healthy", "progressing", "healthy", "held", "healthy", "refused", "healthy"], at);
    case "crowd":
      return many(
        Array.from({ length: 200 }, (_, index) => rare[index] ?? "healthy"),
        at,
      );
    case "first": {
      const { live: _, ...first } = example("progressing", at);
      return [{ ...first, history: [], drift: [], pods: pods("first") }];
    }
    case "progressing":
    case "healthy":
    case "failed":
    case "rolled-back":
    case "held":
    case "refused":
      return [example(state, at)];
  }
}

/** Which of two hundred are not in order. */
const rare: { readonly [index: number]: Decided } = {
  17: "held",
  40: "progressing",
  41: "progressing",
  77: "refused",
  120: "failed",
  150: "rolled-back",
  163: "progressing",
};

function many(outcomes: readonly Decided[], at: At): readonly ApplicationStatus[] {
  const names = ["probe", "shop", "mail", "search", "billing", "gateway", "reports", "accounts", "ledger", "stock"];
  const environments = outcomes.length > 10 ? ["production", "staging", "preview"] : ["staging", "production"];
  return outcomes.map((outcome, index) => {
    const environment = environments[index % environments.length] ?? "staging";
    const round = Math.floor(index / names.length);
    const name = `${names[index % names.length]}${round > 0 ? `-${round}` : ""}`;
    return { ...example(outcome, at), id: `${environment}/${name}`, name, environment };
  });
}

function example(outcome: Decided, at: At): ApplicationStatus {
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
    ...said(outcome, at),
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

type Said = Pick<ApplicationStatus, "reason" | "message" | "remedy" | "next">;

function said(outcome: Decided, at: At): Said {
  const byPerson = (remedy: string): Pick<Said, "remedy" | "next"> => ({
    remedy,
    next: { who: "person", message: remedy },
  });
  const restored = "a commit restores 3f2a91bc, the last healthy state";
  switch (outcome) {
    case "healthy":
      return { reason: "Healthy", message: "all 9 objects are current and stayed so for 10 s" };
    case "progressing":
      return {
        reason: "InProgress",
        message: "Deployment backend: 1 of 2 new pods is ready",
        next: { who: "engine", at: at(-75), message: `unless it is healthy by then, ${restored}` },
      };
    case "failed":
      return {
        reason: "CrashLoop",
        message: "pod backend-7c9d5-x2x1p crashes again and again: exit code 1 after 0.4 s, 3 restarts",
        next: { who: "engine", message: restored },
      };
    case "rolled-back":
      return {
        reason: "DeadlineExceeded",
        message: "pod backend-7c9d5-x2x1p did not become ready within 2 min: its readiness probe answers 503",
        next: { who: "engine", message: "b7c0ffee passes the same gate" },
      };
    case "held":
      return {
        reason: "NeverHealthy",
        message: "the rollback failed its gate as well, so nothing more is written",
        ...byPerson("push a commit that fixes staging/probe; it is delivered at once"),
      };
    case "refused":
      return {
        reason: "Refused",
        message: "staging/probe/backend.yaml:14: spec.replicas must be a whole number; the cluster was not changed",
        ...byPerson("fix line 14 with a new commit"),
      };
  }
}

function promoted(state: "promoted" | "promoting", at: At): readonly ApplicationStatus[] {
  const source = example("healthy", at);
  const from = { from: source.id, commit: better.commit };
  const target = { ...example("healthy", at), id: "production/probe", environment: "production", namespace: "probe" };
  const [newest, ...past] = target.history;
  const promotion = { ...from, images: betterImages, onto: good.tree, at: at(30), superseded: [] };
  if (state === "promoting") {
    const message = "2 images that staging/probe proved healthy have its soak of 1 h before them";
    return [source, { ...target, promotion: { ...promotion, outcome: "waiting", message } }];
  }
  const by = "51ca7e30".repeat(5);
  const revision = { ...target.wanted.revision, commit: by, subject: "Promote staging/probe to production/probe" };
  return [
    source,
    {
      ...target,
      wanted: { ...target.wanted, revision },
      promotion: { ...promotion, outcome: "promoted", message: "2 images that staging/probe proved healthy", by },
      history: newest ? [{ ...newest, revision, promotedFrom: from }, ...past] : [],
    },
  ];
}

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

function history(outcome: Decided, at: At): readonly DeliverySummary[] {
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
  const oldest = "5510cc3e";
  const restores = { commit: oldest.repeat(5), tree: oldest.repeat(5), healthyAt: at(86_000) };
  const { next: _, remedy: __, ...says } = said(outcome, at);
  return [
    past("9d04e7a1", better.subject, 45, { outcome, ...says, ...(outcome === "progressing" ? open : {}) }),
    past("3f2a91bc", good.subject, 700, { durationMs: 11_800 }),
    past("e07b52d9", `Roll back staging/probe to ${oldest}`, 3600, { durationMs: 6400 }),
    past(bad, "Release 1.0.2: read the new settings", 3700, {
      outcome: "rolled-back",
      message: "pod backend-58bd4-q7w8e never became ready: its readiness probe answers 503",
      durationMs: 93_000,
      rollback: { commit: "e07b52d9".repeat(5), undoes: bad.repeat(5), restores },
    }),
    past("77aa1d05", "Release 1.0.2: a first try", 3800, {
      outcome: "superseded",
      message: "a newer commit came before it was decided",
    }),
    past(oldest, "Release 1.0.1: say which node answers", 86_400, {}),
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
    id: hostileText,
    name: hostileText,
    environment: hostileText,
    cluster: hostileText,
    message: hostileText,
    remedy: hostileText,
    next: { who: "person", message: hostileText },
    wanted: { revision: evil, images: [hostileText] },
    promotion: {
      from: hostileText,
      commit: hostileText,
      images: [hostileText],
      onto: "",
      outcome: "rejected",
      message: hostileText,
      remedy: hostileText,
      at: at(5),
      superseded: [],
    },
    objects: application.objects.map((each) => ({
      ...each,
      ref: { ...each.ref, name: hostileText },
      health: { ...each.health, message: hostileText },
    })),
    pods: application.pods.map((pod, index) => ({ ...pod, name: `${index}${hostileText}`, message: hostileText })),
    drift: application.drift.map((drift) => ({ ...drift, manager: hostileText, fields: [hostileText] })),
    history: application.history.map((delivery) => ({ ...delivery, revision: evil, message: hostileText })),
  };
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
