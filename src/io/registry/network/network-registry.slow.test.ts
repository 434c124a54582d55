import assert from "node:assert/strict";
import { createHash, createPrivateKey, randomBytes, sign, X509Certificate } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { newIdentity } from "../../../../cluster/api/https/identity.ts";
import { systemClock } from "../../clock/clock.ts";
import { systemProcesses } from "../../process/system-processes.ts";
import { problem, put, registryContract } from "../registry-contract-in-test.ts";
import type { Registry } from "../registry.ts";
import { account, noDockerRegistry, startDockerRegistry } from "./docker-registry-in-test.ts";
import { networkRegistry, type NetworkRegistryOptions } from "./network-registry.ts";

const skip = await noDockerRegistry();
const options = skip === undefined ? {} : { skip };
const basic = Buffer.from(`${account.username}:${account.password}`).toString("base64");

/** A client whose docker configuration is this one; nothing of the surroundings counts. */
async function client(
  t: TestContext,
  dockerConfig: object,
  more: Partial<NetworkRegistryOptions> = {},
): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), "plumbline-docker-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "config.json"), JSON.stringify(dockerConfig));
  return networkRegistry({
    location: "a registry",
    clock: systemClock,
    random: () => 0.5,
    processes: systemProcesses,
    backOff: { baseMs: 1, maxMs: 20 },
    ...more,
    environment: { DOCKER_CONFIG: folder, ...more.environment },
  });
}

registryContract(
  "docker-registry",
  async (t) => {
    const { host } = await startDockerRegistry(t);
    return { registry: await client(t, {}, { pieceBytes: 3 }), name: `${host}/team/probe` };
  },
  skip,
);

registryContract(
  "docker-registry with TLS and a password",
  async (t) => {
    const { host, ca = "" } = await startDockerRegistry(t, { tls: true, password: true });
    const environment = { SSL_CERT_FILE: ca };
    return {
      registry: await client(t, { auths: { [host]: { auth: basic } } }, { environment }),
      name: `${host}/team/probe`,
    };
  },
  skip,
);

registryContract(
  "docker-registry with tokens",
  async (t) => {
    const { host } = await startDockerRegistry(t, { token: (await startTokenServer(t)).settings });
    return { registry: await client(t, { auths: { [host]: { auth: basic } } }), name: `${host}/team/probe` };
  },
  skip,
);

/** Gives the tokens of the distribution specification: a JWT that the real registry verifies by our certificate. */
async function startTokenServer(t: TestContext) {
  const identity = await newIdentity(Date.now());
  const folder = await mkdtemp(join(tmpdir(), "plumbline-tokens-"));
  await writeFile(join(folder, "ca.crt"), identity.caCertificate);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://localhost");
    asked.push(url.searchParams.getAll("scope").join(" "));
    const known = request.headers.authorization === `Basic ${basic}`;
    const access = url.searchParams.getAll("scope").map((scope) => {
      const [type, name, actions = ""] = scope.split(":");
      return { type, name, actions: known ? actions.split(",") : [] };
    });
    const token = jwt(identity.server, { access, aud: url.searchParams.get("service") });
    response.end(JSON.stringify({ token, expires_in: 300 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  const settings = { realm, service: "test-registry", issuer: "test", rootcertbundle: join(folder, "ca.crt") };
  return { settings, asked };
}

function jwt({ certificate, key }: { certificate: string; key: string }, claims: object): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const leaf = new X509Certificate(certificate).raw.toString("base64");
  const text = `${part({ typ: "JWT", alg: "ES256", x5c: [leaf] })}.${part({
    iss: "test",
    sub: account.username,
    exp: now + 300,
    nbf: now - 10,
    iat: now,
    jti: randomBytes(8).toString("hex"),
    ...claims,
  })}`;
  const signed = sign("sha256", Buffer.from(text), { key: createPrivateKey(key), dsaEncoding: "ieee-p1363" });
  return `${text}.${signed.toString("base64url")}`;
}

test("a token is asked for once for what it allows, and is no use for more", options, async (t) => {
  const { settings, asked } = await startTokenServer(t);
  const { host } = await startDockerRegistry(t, { token: settings });
  const name = `${host}/team/probe`;
  const registry = await client(t, { auths: { [`${host}/team`]: { ...account } } });
  await Promise.all(["a", "b", "c", "d"].map((text) => put(registry, name, text)));
  assert.deepEqual(asked.toSorted(), ["repository:team/probe:pull", "repository:team/probe:pull,push"]);
  const stranger = await client(t, { auths: { [`${host}/other`]: { ...account } } });
  await assert.rejects(put(stranger, name, "mine"), problem("registry-unauthorized"));
});

test("credentials come from a helper, and no error, token request or URL shows them", options, async (t) => {
  const { host } = await startDockerRegistry(t, { password: true });
  const bin = await mkdtemp(join(tmpdir(), "plumbline-helper-"));
  t.after(() => rm(bin, { recursive: true, force: true }));
  const answers = async (name: string, script: string): Promise<void> =>
    writeFile(join(bin, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const secret = JSON.stringify({ Username: account.username, Secret: account.password });
  await answers("good", `test "$(cat)" = "${host}" && test "$1" = get && echo '${secret}'`);
  await answers("empty", `echo "credentials not found in native keychain"; exit 1`);
  await answers("broken", `echo '${secret}' >&2; exit 3`);
  const environment = { PATH: `${bin}:${process.env["PATH"]}` };
  const name = `${host}/team/probe`;
  const good = await client(t, { credsStore: "broken", credHelpers: { [host]: "good" } }, { environment });
  assert.equal((await put(good, name, "text")).pushedBytes, 4);
  const fallsBack = await client(
    t,
    { credsStore: "empty", auths: { [`https://${host}/v1/`]: { auth: basic } } },
    { environment },
  );
  assert.equal((await put(fallsBack, name, "text")).pushedBytes, 0);
  for (const [config, code] of [
    [{ credsStore: "empty" }, "registry-unauthorized"],
    [{ credsStore: "broken" }, "credential-helper-failed"],
    [{ credsStore: "absent" }, "credential-helper-failed"],
    [
      { auths: { [host]: { auth: Buffer.from(`${account.username}:wrong-${account.password}`).toString("base64") } } },
      "registry-unauthorized",
    ],
  ] as const) {
    const registry = await client(t, config, { environment });
    const failure: unknown = await put(registry, name, "other").catch((error: unknown) => error);
    assert.ok(problem(code)(failure), String(failure));
    const seen = JSON.stringify(failure, Object.getOwnPropertyNames(failure)) + String((failure as Error).stack);
    assert.doesNotMatch(seen, /s3cret-pass|czNjcmV0/);
  }
});

test("a registry with a certificate of its own is trusted by certs.d, and by nothing less", options, async (t) => {
  const { host, ca = "" } = await startDockerRegistry(t, { tls: true });
  const name = `${host}/team/probe`;
  await assert.rejects(put(await client(t, {}), name, "text"), problem("registry-untrusted"));
  const folder = await mkdtemp(join(tmpdir(), "plumbline-certs-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "certs.d", host), { recursive: true });
  await copyFile(ca, join(folder, "certs.d", host, "ca.crt"));
  const trusting = await client(t, {}, { environment: { DOCKER_CONFIG: folder } });
  assert.equal((await put(trusting, name, "text")).pushedBytes, 4);
});

test("large blobs go in pieces with progress, and come back whole", options, async (t) => {
  const { host } = await startDockerRegistry(t);
  const sent: number[] = [];
  const onProgress = (progress: { sent: number }): void => void sent.push(progress.sent);
  const registry = await client(t, {}, { pieceBytes: 100_000, onProgress });
  const content = randomBytes(250_000);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  async function* open(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < content.length; at += 7_777) yield content.subarray(at, at + 7_777);
  }
  assert.deepEqual(await registry.putBlob(`${host}/big`, open), { digest, size: 250_000, pushedBytes: 250_000 });
  assert.deepEqual(sent, [100_000, 200_000, 250_000]);
  const back: Uint8Array[] = [];
  for await (const chunk of registry.readBlob(`${host}/big`, digest)) back.push(chunk);
  assert.ok(Buffer.concat(back).equals(content));
});
