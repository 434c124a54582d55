import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health } from "../model/health.ts";
import type { JsonObject } from "../model/json.ts";
import { ingressHealth, serviceHealth } from "./services.ts";

function word({ status, reason }: Health): string {
  return `${status} ${reason}`;
}

test("a Service is there when it is there; a load balancer's needs an address from outside", () => {
  const balanced = { type: "LoadBalancer", clusterIP: "10.0.0.7" };
  const cases: readonly (readonly [JsonObject, JsonObject | undefined, string])[] = [
    [{}, undefined, "Current ServiceReady"],
    [{ type: "NodePort" }, { loadBalancer: {} }, "Current ServiceReady"],
    [{ type: "LoadBalancer" }, undefined, "InProgress NoIPAssigned"],
    [{ ...balanced, externalIPs: ["192.0.2.7"] }, { loadBalancer: {} }, "Current ServiceReady"],
    [balanced, undefined, "Current ServiceReady"],
    [balanced, { loadBalancer: {} }, "InProgress NoIPAssigned"],
    [balanced, { loadBalancer: { ingress: [] } }, "InProgress NoIPAssigned"],
    [balanced, { loadBalancer: { ingress: [{ hostname: "lb.example" }] } }, "Current ServiceReady"],
  ];
  for (const [spec, status, expected] of cases) {
    const service = status === undefined ? { spec } : { spec, status };
    assert.equal(word(serviceHealth(service)), expected, JSON.stringify(service));
  }
});

test("an Ingress is healthy when its controller has told where it is served", () => {
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{}, "InProgress NoAddress"],
    [{ loadBalancer: {} }, "InProgress NoAddress"],
    [{ loadBalancer: { ingress: [{}] } }, "InProgress NoAddress"],
    [{ loadBalancer: { ingress: [{}, { ip: "127.0.0.1" }] } }, "Current IngressReady"],
  ];
  for (const [status, expected] of cases)
    assert.equal(word(ingressHealth({ status })), expected, JSON.stringify(status));
  const served = ingressHealth({ status: { loadBalancer: { ingress: [{ hostname: "shop.example" }] } } });
  assert.equal(served.message, "it is served at shop.example");
  assert.match(ingressHealth({ spec: { ingressClassName: "edge" } }).message, /address yet; its class is edge$/);
  assert.match(
    ingressHealth({ spec: {} }).message,
    /address yet; it names no class, so that only a default one takes it$/,
  );
});
