import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ProblemError } from "../model/problem.ts";
import type { Drift } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import type { ApplicationStatus, StatusDocument } from "../model/status-document.ts";
import type { Load } from "./load.ts";
import type { Observations } from "./observations.ts";
import { openKube } from "./open-kube.ts";
import { runVerify } from "./verify.ts";
import type { Workshop } from "./workshop.ts";
import type { World } from "./world.ts";

/** What the chapters of the demo share. */
export interface Story {
  readonly world: World;
  readonly workshop: Workshop;
  readonly observations: Observations;
}

/** How long the story waits for any one thing; long before that, something is wrong. */
const patienceMs = 60_000;
const path = "staging/probe";

/** Chapter 1: what Git says is deployed and proved healthy. */
export async function firstDelivery({ world, workshop, observations }: Story): Promise<void> {
  const step = world.err.step("deploy 1.0.0");
  const end = workshop.feed.follow((document) => {
    step.update(application(document)?.message ?? "");
  });
  const document = await workshop.feed.until(
    "1.0.0 is healthy",
    (one) => application(one)?.outcome === "healthy",
    patienceMs,
  );
  end();
  const { objects, pods } = the(document);
  step.done(`healthy: ${objects.length} objects, ${pods.length} pods`);
  observations.note("deploy 1.0.0", "healthy", the(document).outcome);
  const shown = await fetch(new URL("/status.json", workshop.cluster.ready.ingressUrl));
  const own = shown.ok && ((await shown.json()) as StatusDocument).repository.url === document.repository.url;
  observations.note("the page in the cluster", "says what Git wants", own ? "says what Git wants" : `${shown.status}`);
}

/** Chapter 2: a new version rolls out pod by pod while requests come in. */
export async function upgraded({ world, workshop, observations }: Story, load: Load): Promise<void> {
  const step = world.err.step("upgrade to 1.1.0");
  await edit(workshop, "backend/package.json", '"version": "0.0.0"', '"version": "1.1.0"');
  const commit = await workshop.application.commitAndPush("Say what is new", "v1.1.0");
  const release = await workshop.release(commit);
  const end = workshop.feed.follow((document) => {
    const ready = application(document)?.pods.filter((pod) => pod.generation === "new" && pod.ready).length ?? 0;
    step.update(`${ready} new pods ready; ${load.report().sent} requests, ${load.report().failed} failed`);
  });
  const pinned = release.deployment.commit;
  await workshop.feed.until(
    "1.1.0 is healthy",
    (one) => application(one)?.wanted.revision.commit === pinned && application(one)?.outcome === "healthy",
    patienceMs,
  );
  end();
  const { sent, failed, versions } = load.report();
  step.done(
    `rolled pod by pod: ${sent} requests, ${failed} failed; answered by ${Object.keys(versions).toSorted().join(" and ")}`,
  );
  observations.note("upgrade to 1.1.0", "healthy, 0 failed", `healthy, ${failed} failed`);
}

/** What the failing revision was. */
export interface Failing {
  readonly commit: string;
  readonly healthyTree: string;
}

/** Chapter 3: a commit that breaks the health check is blocked, and the old pods serve. */
export async function blocked({ world, workshop, observations }: Story, load: Load): Promise<Failing> {
  const step = world.err.step("a commit that breaks the health check");
  const healthyTree = await treeOfRemote(workshop);
  await edit(workshop, "backend/src/readiness.ts", "if (draining) return", "if (!draining) return");
  const commit = await workshop.application.commitAndPush("Tidy up the health check", "v1.2.0");
  const before = load.report().versions["1.2.0"] ?? 0;
  const release = await workshop.release(commit);
  const pinned = release.deployment.commit ?? "";
  const end = workshop.feed.follow((document) => {
    step.update(application(document)?.message ?? "");
  });
  const failedDocument = await workshop.feed.until(
    "1.2.0 is found to be unhealthy",
    (one) =>
      one.applications.some(({ history }) =>
        history.some(({ revision, outcome }) => revision.commit === pinned && outcome !== "progressing"),
      ),
    patienceMs,
  );
  end();
  const past = the(failedDocument).history.find(({ revision }) => revision.commit === pinned);
  const { failed, sent, versions } = load.report();
  const served = (versions["1.2.0"] ?? 0) - before;
  step.done(`blocked: ${past?.message ?? ""}; old pods served, ${failed} of ${sent} requests failed`);
  observations.note("1.2.0 breaks its health check", "blocked", past?.outcome === "healthy" ? "healthy" : "blocked");
  observations.note(
    "why, in one sentence",
    "names the pod",
    past?.message ?? "",
    /pod backend-\S+/.test(past?.message ?? ""),
  );
  observations.note("requests answered by 1.2.0", "0", String(served));
  return { commit: pinned, healthyTree };
}

/** Chapter 4: exactly one commit puts Git back, and the cluster follows it. */
export async function rolledBack(
  { world, workshop, observations }: Story,
  load: Load,
  failing: Failing,
): Promise<void> {
  const step = world.err.step("rollback by a commit");
  await workshop.feed.until(
    "the rollback commit is delivered and healthy",
    (one) => application(one)?.wanted.revision.undoes === failing.commit && application(one)?.outcome === "healthy",
    patienceMs,
  );
  await workshop.deployment.pull();
  const git = workshop.deployment.git.bind(workshop.deployment);
  const rollback = await git("rev-parse", "HEAD");
  const tree = await git("rev-parse", `HEAD:${path}`);
  const touched = await git("diff", "--name-only", "HEAD~1", "HEAD", "--", ".", `:(exclude)${path}`);
  const count = await git("rev-list", "--count", `${failing.commit}..HEAD`);
  step.done(
    `${shortId(rollback)} pushed, tree ${shortId(tree)} equal to the last healthy one; ${load.report().failed} failed`,
  );
  observations.note("rollback commits", "1", count);
  observations.note("its tree", "the last healthy tree", tree === failing.healthyTree ? "the last healthy tree" : tree);
  observations.note("it touches", "nothing else", touched === "" ? "nothing else" : touched);
}

/** Chapter 5: what is changed behind Git's back is put right. */
export async function drifted({ world, workshop, observations }: Story): Promise<void> {
  const step = world.err.step("drift: a Deployment is scaled and a Service deleted by hand");
  const kube = await openKube(world, { kubeconfig: workshop.cluster.ready.kubeconfigPath });
  try {
    const namespace = "probe-staging";
    const deployments = await found(kube.resource("apps/v1", "Deployment"));
    const services = await found(kube.resource("v1", "Service"));
    const scaled = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "backend", namespace },
      spec: { replicas: 5 },
    };
    const asked = world.clock.now();
    await answered(kube.apply(deployments, scaled, { fieldManager: "by-hand", force: true, dryRun: false }));
    const requestMs = world.clock.now() - asked;
    const scaledBack = await undone(workshop, "Deployment");
    await answered(kube.delete(services, namespace, "frontend"));
    const times = [scaledBack, await undone(workshop, "Service")];
    const replicas = (await answered(kube.get(deployments, namespace, "backend")))["spec"] as { replicas?: number };
    const service = await kube.get(services, namespace, "frontend");
    const slowest = Math.max(...times);
    // A machine on which one request takes this long is starved: there, the time is measured by the request's.
    const limit = Math.max(1000, 20 * requestMs);
    step.done(`restored in ${times.map((ms) => `${ms} ms`).join(" and ")}`);
    observations.note("scaled by hand to 5", "2 replicas again", `${replicas.replicas} replicas again`);
    observations.note("Service deleted by hand", "there again", service.ok ? "there again" : "gone");
    observations.note("drift undone", `within ${limit} ms`, `in ${slowest} ms`, slowest <= limit);
  } finally {
    kube.close();
  }
}

/** Waits until a change of the kind was undone; answers how long that took after the watch had told of it. */
async function undone(workshop: Workshop, kind: string): Promise<number> {
  const ofKind = (document: StatusDocument): readonly Drift[] =>
    application(document)?.drift.filter(({ ref }) => ref.kind === kind) ?? [];
  const document = await workshop.feed.until(`the ${kind} is restored`, (one) => ofKind(one).length > 0, patienceMs);
  return Math.max(...ofKind(document).map(({ undoneMs }) => undoneMs));
}

/** Chapter 6: Git alone says what must be live, and the cluster has exactly that. */
export async function verified({ world, workshop, observations }: Story): Promise<void> {
  const step = world.err.step("verify");
  const { objects, asGitSays } = await runVerify(world, {
    repository: workshop.remotes.deployment,
    branch: "main",
    kubeconfig: workshop.cluster.ready.kubeconfigPath,
  });
  step.done(`${asGitSays} of ${objects} objects as Git says`);
  observations.note(
    "verify",
    "all objects as Git says",
    `${asGitSays} of ${objects} objects as Git says`,
    objects > 0 && objects === asGitSays,
  );
}

function application(document: StatusDocument): ApplicationStatus | undefined {
  return document.applications.find(({ id }) => id === path);
}

function the(document: StatusDocument): ApplicationStatus {
  const found = application(document);
  if (found) return found;
  throw new ProblemError({ code: "demo", message: `${path} is not in the status document` });
}

/** Changes a file as a developer would; a text that is not there means that the demo no longer fits the workload. */
async function edit(workshop: Workshop, file: string, from: string, to: string): Promise<void> {
  const target = join(workshop.application.folder, file);
  const text = await readFile(target, "utf8");
  if (!text.includes(from))
    throw new ProblemError({ code: "demo", message: `${file} does not contain ${from}`, where: { file } });
  await writeFile(target, text.replace(from, to));
}

async function treeOfRemote(workshop: Workshop): Promise<string> {
  await workshop.deployment.pull();
  return workshop.deployment.git("rev-parse", `HEAD:${path}`);
}

type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: { readonly message: string } };

async function answered<T>(request: Promise<Answer<T>>): Promise<T> {
  const answer = await request;
  if (answer.ok) return answer.value;
  throw new ProblemError({ code: "demo", message: answer.refusal.message });
}

async function found<T>(request: Promise<Answer<T | undefined>>): Promise<T> {
  const value = await answered(request);
  if (value !== undefined) return value;
  throw new ProblemError({ code: "demo", message: "the cluster does not serve this kind" });
}
