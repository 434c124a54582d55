import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createClient } from "./client.ts";
import type { NodeHooks } from "./hooks.ts";
import { type Identity, newIdentity, writeKubeconfig } from "./https/identity.ts";
import { listen } from "./https/listen.ts";
import { furnishNamespaces } from "./namespaces.ts";
import { ApiServer } from "./server.ts";

/** An answer of the API server under test. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The text as JSON; reading it fails when it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look at whatever came
  readonly body: any;
}

/** How a request under test is made; with the token unless headers say otherwise. */
export interface TestRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** For tests: an API server on a free port with no controllers and no node; gone when the test ends. */
export interface TestServer {
  readonly api: ApiServer;
  readonly client: ReturnType<typeof createClient>;
  readonly url: string;
  readonly identity: Identity;
  readonly kubeconfig: string;
  readonly call: (method: string, path: string, options?: TestRequest) => Promise<TestAnswer>;
}

/** Starts a server under test. */
export async function startTestServer(t: Pick<TestContext, "after">, hooks?: NodeHooks): Promise<TestServer> {
  const api = new ApiServer();
  const identity = await newIdentity(Date.now());
  furnishNamespaces(api, identity.caCertificate);
  const listener = await listen({ api, identity, port: 0, ...(hooks ? { hooks } : {}) });
  const folder = await mkdtemp(join(tmpdir(), "api-test-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeKubeconfig(identity, listener.url, kubeconfig);
  t.after(async () => {
    await listener.close();
    await rm(folder, { recursive: true, force: true });
  });
  const call: TestServer["call"] = (method, path, options = {}) => send(listener.url, identity, method, path, options);
  return { api, client: createClient(api, "test"), url: listener.url, identity, kubeconfig, call };
}

function send(
  url: string,
  identity: Identity,
  method: string,
  path: string,
  options: TestRequest,
): Promise<TestAnswer> {
  const { body, headers } = options;
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  // Node sends the body of a DELETE without its length unless it is told.
  const length = { "content-length": String(Buffer.byteLength(text ?? "")) };
  const content = text === undefined ? {} : { "content-type": "application/json", ...length };
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}${path}`,
      {
        method,
        ca: identity.caCertificate,
        agent: false,
        headers: { authorization: `Bearer ${identity.token}`, ...content, ...headers },
      },
      (response) => {
        let answer = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (answer += chunk));
        response.on("error", reject);
        response.on("end", () => {
          const { statusCode: status = 0, headers: answered } = response;
          resolve({
            status,
            headers: answered,
            text: answer,
            get body() {
              return JSON.parse(answer) as unknown;
            },
          });
        });
      },
    );
    sent.on("error", reject);
    sent.end(text);
  });
}
