import assert from "node:assert/strict";
import { test } from "node:test";
import { Senders } from "./senders.ts";

test("a network of IPv6 is one sender, and an address of IPv4 is the same in either form", () => {
  const senders = new Senders(() => 0);
  const loud = (address: string): void => {
    for (let count = 0; count < 40; count += 1) senders.failed(address);
  };
  loud("2001:db8:0:1::5");
  assert.equal(senders.mayTry("2001:db8::1:0:0:0:9"), false);
  assert.equal(senders.mayTry("2001:db8:0:2::5"), true);
  loud("::ffff:192.0.2.1");
  assert.equal(senders.mayTry("192.0.2.1"), false);
  assert.equal(senders.mayTry("192.0.2.2"), true);
});

test("of very many senders the forge is the last to be forgotten, and memory has a bound", () => {
  const senders = new Senders(() => 0);
  senders.proved("192.0.2.1");
  for (let count = 0; count < 20_000; count += 1) senders.failed(`10.0.${count >> 8}.${count & 255}`);
  for (let count = 0; count < 40; count += 1) senders.failed("192.0.2.1");
  assert.equal(senders.mayTry("192.0.2.1"), true);
});

test("trust by a proved push ends after a day without one", () => {
  let now = 0;
  const senders = new Senders(() => now);
  senders.proved("192.0.2.1");
  now = 25 * 60 * 60 * 1000;
  for (let count = 0; count < 40; count += 1) senders.failed("192.0.2.1");
  assert.equal(senders.mayTry("192.0.2.1"), false);
});
