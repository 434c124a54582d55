import type { TestContext } from "node:test";
import { systemClock } from "../io/clock/clock.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { account, startDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { startFaultyProxy } from "../io/registry/network/faulty-proxy-in-test.ts";
import { networkRegistry } from "../io/registry/network/network-registry.ts";
import type { Registry } from "../io/registry/registry.ts";
import { pushBase } from "../release/network-release-in-test.ts";
import { makePlace, type Place } from "./plumb-in-test.ts";
import { type Repositories, repositoriesIn } from "./repositories-in-test.ts";

/** For tests: an application and its deployment repository in folders, and a registry to release to. */
export interface ReleasePlace extends Place, Pick<Repositories, "write" | "git"> {
  /** Of the image: `<host>/team/probe`. */
  readonly name: string;
  readonly proxy: Awaited<ReturnType<typeof startFaultyProxy>>;
  readonly registry: Registry;
  /** The arguments of `plumb` that release the application. */
  readonly release: readonly string[];
}

/** For tests: makes a place whose registry asks for a password, which the environment's docker configuration has. */
export async function makeReleasePlace(t: TestContext): Promise<ReleasePlace> {
  const made = await makePlace(t);
  const { host: behind } = await startDockerRegistry(t, { password: true });
  const proxy = await startFaultyProxy(t, behind);
  const { at, write, git, begin } = repositoriesIn(made.folder);
  const auth = Buffer.from(`${account.username}:${account.password}`).toString("base64");
  const login = JSON.stringify({ auths: { [proxy.host]: { auth } } });
  const doors = { clock: systemClock, random: () => 0.5, processes: systemProcesses, environment: {} };
  const registry = networkRegistry({ ...doors, location: proxy.host, logins: [login] });
  const base = `${proxy.host}/bases/probe`;
  const digest = await pushBase(registry, base);
  const name = `${proxy.host}/team/probe`;
  write("docker/config.json", login);
  write("application/main.js", "console.log(1);\n");
  write(
    "application/release.yaml",
    `registry: ${proxy.host}/team
images: { probe: { context: ., base: "${base}@${digest}", entrypoint: [node, main.js] } }
deployment: { repository: ../deployment.git, path: staging/probe }
`,
  );
  write("deployment/staging/probe/app.yaml", `kind: Pod\nspec: { containers: [{ image: "${name}:none" }] }\n`);
  begin();
  const env = { ...made.env, DOCKER_CONFIG: at("docker"), XDG_CACHE_HOME: at("cache") };
  return { ...made, env, name, proxy, registry, write, git, release: ["release", "--source", "application", "--json"] };
}
