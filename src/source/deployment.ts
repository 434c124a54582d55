import type { Application } from "../model/application.ts";
import type { Problem, Result } from "../model/problem.ts";
import type { Git } from "../io/git/git.ts";
import { awaitedId, checkAfter } from "./after.ts";
import { contentOf } from "./bases.ts";
import { applicationSchema, deliverySchema } from "./delivery-schema.ts";
import type { EnvironmentConfiguration } from "./delivery-schema.ts";
import { toHealthRules } from "./health-schema.ts";
import { toIgnoreRules } from "./ignore-schema.ts";
import { findPlaces } from "./layout.ts";
import type { Place } from "./layout.ts";
import { defaultPolicy, overridePolicy, promotionOf } from "./policy.ts";
import { maxConfigurationBytes, readConfiguration } from "../model/read-configuration.ts";

/**
 * One application as Git has it at a commit. With `problems` it must not be delivered, and what of `application` depends
 * on the broken file holds its environment's values; the others are not affected (behaviour O5).
 */
export interface FoundApplication {
  readonly application: Application;
  /** The identity of its content: the same asks for the same thing, so there is nothing to do. */
  readonly tree: string | undefined;
  readonly problems: readonly Problem[];
}

/** Everything that a commit of the deployment repository asks for. */
export interface Deployment {
  readonly commit: string;
  /** In the order of their ids. */
  readonly applications: readonly FoundApplication[];
}

const file = "delivery.yaml";
const defaultLayout = "{environment}/{application}";

/** Reads `delivery.yaml` at a commit and finds the applications; problems when the file is missing or wrong. */
export async function readDeployment(git: Git, commit: string): Promise<Result<Deployment>> {
  const content = await readFile(git, commit, "");
  if (!content.ok) return content;
  if (content.value === undefined) return { ok: false, problems: [missing(await git.find(commit, "delivery.yml"))] };
  const parsed = readConfiguration(file, content.value, deliverySchema);
  if (!parsed.ok) return parsed;
  const { environments, layout = defaultLayout } = parsed.value;
  const places = await findPlaces(git, commit, layout, Object.keys(environments));
  const applications = await Promise.all(
    places.map((place) => {
      const environment = environments[place.environment] ?? {};
      return findApplication(git, commit, place, {
        ...environment,
        require: [...listOf(parsed.value.require), ...listOf(environment.require)],
      });
    }),
  );
  return { ok: true, value: { commit, applications: checkAfter(applications) } };
}

function missing(misnamed: unknown): Problem {
  return {
    code: "delivery-yaml-missing",
    message: "The repository has no delivery.yaml at its root, so nothing says what is to be delivered.",
    where: { file },
    remedy:
      misnamed === undefined
        ? "Add one that names the environments; `plumb init` writes an example."
        : "Rename delivery.yml to delivery.yaml.",
  };
}

/**
 * The configuration file of a directory, "" for the root; looked up in its own tree, which is found much faster than a path
 * from the root.
 */
async function readFile(git: Git, tree: string, directory: string): Promise<Result<Buffer | undefined>> {
  const path = directory === "" ? file : `${directory}/${file}`;
  const found = await git.find(tree, file);
  if (found === undefined) return { ok: true, value: undefined };
  const refuse = (code: string, message: string, remedy: string): Result<never> => ({
    ok: false,
    problems: [{ code, message, where: { file: path }, remedy }],
  });
  if (found.type !== "blob") return refuse("config-not-file", `${path} is not a file.`, "Make it a plain file.");
  if (found.size > maxConfigurationBytes) {
    return refuse("config-too-large", `${path} is longer than ${maxConfigurationBytes} bytes.`, "Shorten it.");
  }
  return { ok: true, value: (await git.blobs([found.id])).get(found.id) };
}

async function findApplication(
  git: Git,
  commit: string,
  place: Place,
  environment: EnvironmentConfiguration,
): Promise<FoundApplication> {
  const base = describe(place, environment);
  const problems = placeProblems(place, base);
  if (place.tree === undefined || problems.length > 0) return { application: base, tree: place.tree, problems };
  const { tree } = await contentOf(git, commit, place.path, place.tree);
  const own = `${place.path}/${file}`;
  const content = await readFile(git, place.tree, place.path);
  if (!content.ok) return { application: base, tree, problems: content.problems };
  if (content.value === undefined) return { application: base, tree, problems: [] };
  const parsed = readConfiguration(own, content.value, applicationSchema);
  if (!parsed.ok) return { application: base, tree, problems: parsed.problems };
  const { rollout, after = [], health = [], ignore = [], allowEmpty = false, allowPrune = [] } = parsed.value;
  const rules = [...toHealthRules(health), ...base.health];
  const application = {
    ...base,
    allowEmpty,
    allowPrune,
    health: rules,
    ignore: [...(base.ignore ?? []), ...toIgnoreRules(ignore, own)],
    after: after.map((name) => awaitedId(name, place.environment)),
    rollout: overridePolicy(base.rollout, rollout),
  };
  return { application, tree, problems: [] };
}

function describe(place: Place, environment: EnvironmentConfiguration): Application {
  const {
    namespace = "{application}-{environment}",
    rollout,
    allowClusterKinds = [],
    cluster,
    require,
    promote,
    health = [],
    ignore = [],
  } = environment;
  // What the whole repository requires no environment takes back.
  const required = [...new Set(listOf(require))].toSorted();
  return {
    id: `${place.environment}/${place.name}`,
    name: place.name,
    environment: place.environment,
    path: place.path,
    ...(cluster === undefined ? {} : { cluster }),
    namespace: namespace.replaceAll("{application}", place.name).replaceAll("{environment}", place.environment),
    allowClusterKinds: allowClusterKinds.map((kind) => (kind.includes("/") ? kind : `/${kind}`)),
    rollout: overridePolicy(defaultPolicy, rollout),
    health: toHealthRules(health),
    ignore: toIgnoreRules(ignore),
    ...(required.length === 0 ? {} : { requires: required }),
    ...(promote === undefined ? {} : { promotion: promotionOf(promote) }),
    after: [],
    allowEmpty: false,
  };
}

function listOf<T>(given: T | readonly T[] | undefined): readonly T[] {
  return given === undefined ? [] : ([given].flat() as readonly T[]);
}

function placeProblems(place: Place, application: Application): readonly Problem[] {
  const where = { file: place.path };
  const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
  if (place.tree === undefined) {
    const message = `${place.path} is a symbolic link or a submodule; only directories of this repository are delivered.`;
    return [{ code: "application-not-directory", message, where, remedy: "Put the files themselves there." }];
  }
  if (!label.test(place.name) || application.id.length > 63) {
    const message = `${JSON.stringify(place.name)} cannot be an application's name: it must be lower-case letters, digits and dashes, at most 63 with its environment.`;
    return [{ code: "application-name-invalid", message, where, remedy: "Rename the directory." }];
  }
  if (!label.test(application.namespace) || application.namespace.length > 63) {
    const message = `${JSON.stringify(application.namespace)}, the namespace of ${application.id}, is not a name that Kubernetes takes.`;
    return [
      {
        code: "application-namespace-invalid",
        message,
        where: { file },
        remedy: `Change environments.${place.environment}.namespace, or the directory's name; at most 63 characters.`,
      },
    ];
  }
  return [];
}
