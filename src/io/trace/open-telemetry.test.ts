import assert from "node:assert/strict";
import { test } from "node:test";
import { context, trace } from "@opentelemetry/api";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { openTracer } from "./open-telemetry.ts";
import { deliveryAttribute } from "./tracer.ts";

test("with an SDK a delivery is a trace of its own id, linked to its passes; what a pass asks is below it", async (t) => {
  const quiet = await openTracer("1");
  assert.equal(
    await quiet.span("before", {}, () => Promise.resolve(7)),
    7,
    "without an SDK the work is done all the same",
  );
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  t.after(async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
  });
  const tracer = await openTracer("1");
  const delivery = "0123456789abcdef0123456789abcdef";
  await tracer.span("pass", { "plumbline.application": "staging/shop" }, async (pass) => {
    await tracer.span("kube apply deployments", {}, (span) => Promise.resolve(span.fail("Conflict")));
    pass.set({ [deliveryAttribute]: delivery });
  });
  await assert.rejects(
    tracer.span("pass", {}, () => Promise.reject(new Error("of a secret"))),
    /of a secret/,
  );
  const [startedAt, endedAt] = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:12.000Z"];
  tracer.delivered({ delivery, startedAt, endedAt, failed: true, attributes: { "plumbline.outcome": "failed" } });
  const [asked, pass, broken, told] = exporter.getFinishedSpans();
  assert.ok(asked && pass && broken && told);
  assert.equal(asked.parentSpanContext?.spanId, pass.spanContext().spanId);
  assert.deepEqual([asked.status.message, broken.status.message], ["Conflict", undefined]);
  assert.equal(told.spanContext().traceId, delivery);
  assert.equal(told.links[0]?.context.spanId, pass.spanContext().spanId);
  assert.deepEqual([told.startTime[0], told.endTime[0]], [Date.parse(startedAt) / 1000, Date.parse(endedAt) / 1000]);
});
