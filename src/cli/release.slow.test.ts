import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { account, noDockerRegistry, startDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { makePlace, plumb } from "./plumb-in-test.ts";
import { repositoriesIn } from "./repositories-in-test.ts";

const skip = await noDockerRegistry();

test(
  "plumb release pushes to a registry with TLS and an account, signs, and tells how far it is",
  skip === undefined ? {} : { skip },
  async (t) => {
    const { host, ca = "" } = await startDockerRegistry(t, { tls: true, password: true });
    const made = await makePlace(t);
    const auth = Buffer.from(`${account.username}:${account.password}`).toString("base64");
    const { at, write, git, begin } = repositoriesIn(made.folder);
    write("docker/config.json", JSON.stringify({ auths: { [host]: { auth } } }));
    write("application/main.js", "console.log(1);\n");
    write(
      "application/release.yaml",
      `registry: ${host}/team
images: { probe: { context: ., base: node, entrypoint: [node, main.js] } }
deployment: { repository: ../deployment.git, path: staging/probe }
`,
    );
    write(
      "deployment/staging/probe/app.yaml",
      `kind: Pod\nspec: { containers: [{ image: "${host}/team/probe:none" }] }\n`,
    );
    begin();
    const { privateKey } = generateKeyPairSync("ed25519");
    write("key.pem", privateKey.export({ type: "pkcs8", format: "pem" }).toString());

    const environment = { DOCKER_CONFIG: at("docker"), SSL_CERT_FILE: ca, XDG_CACHE_HOME: at("cache") };
    const place = { ...made, env: { ...made.env, ...environment } };
    const args = ["release", "--source", "application", "--sign-images", "key.pem"];
    const first = await plumb(t, place, ...args);
    assert.equal(first.code, 0, first.err);
    const reference = /^(127\S+\/team\/probe:\w+@sha256:\w+)$/m.exec(first.out)?.[1] ?? "none";
    git("deployment", "pull", "-q", at("deployment.git"), "main");
    assert.match(readFileSync(at("deployment/staging/probe/app.yaml"), "utf8"), new RegExp(reference));
    assert.match(first.err, /sha256:\w{12} 17 of \d+ MB/);

    const second = await plumb(t, place, ...args, "--json");
    assert.equal(second.code, 0, second.err);
    const { images, deployment } = JSON.parse(second.out) as { images: { pushedBytes: number }[]; deployment: object };
    assert.equal(images[0]?.pushedBytes, 0);
    assert.deepEqual(deployment, { path: "staging/probe", pinned: [] });

    const stranger = await plumb(t, { ...place, env: { ...place.env, DOCKER_CONFIG: at("nowhere") } }, ...args);
    assert.equal(stranger.code, 1);
    assert.match(stranger.err, new RegExp(`docker login ${host}`));
    const keyless = await plumb(t, place, "release", "--source", "application", "--sign-images", "absent.pem");
    assert.notEqual(keyless.code, 0);
    assert.match(keyless.err, /absent\.pem.*cannot be read/);
  },
);
