import assert from "node:assert/strict";
import { test } from "node:test";
import { freeNetworks, networkOf, rangesIn } from "./network.ts";

test("an instance's parts lie in its own range and its name fits a network link", () => {
  const network = networkOf(239);
  for (const address of [network.hostAddress, network.nodeAddress, network.podRange, network.serviceRange]) {
    assert.ok(address.startsWith("10.239."), address);
    assert.deepEqual(
      freeNetworks([address]).map(({ index }) => index),
      freeNetworks([network.range]).map(({ index }) => index),
    );
  }
  assert.ok(network.name.length <= 15, network.name);
});

test("ranges that the machine has a route to are left out, whichever of both is larger", () => {
  const firstOf = (...taken: string[]) => freeNetworks(taken)[0]?.index;
  assert.equal(firstOf(), 200);
  assert.equal(firstOf("10.200.0.0/24"), 201);
  assert.equal(firstOf("10.200.200.7", "10.201.0.0/30"), 202);
  assert.equal(firstOf("10.192.0.0/12"), 208);
  assert.equal(firstOf("10.0.0.0/8"), undefined);
  assert.equal(firstOf("192.168.0.0/16", "11.200.0.0/16", "10.199.0.0/16"), 200);
});

test("routes are read from what ip says, without the default route and IPv6", () => {
  const routes = [
    { dst: "default", gateway: "10.200.0.1", dev: "eth0" },
    { dst: "10.77.0.0/30", dev: "a" },
    { type: "local", dst: "10.77.0.1", dev: "a" },
    { dst: "fe80::/64", dev: "a" },
  ];
  assert.deepEqual(rangesIn(JSON.stringify(routes)), ["10.77.0.0/30", "10.77.0.1"]);
});
