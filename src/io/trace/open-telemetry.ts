import type * as OpenTelemetry from "@opentelemetry/api";
import { deliveryAttribute } from "./tracer.ts";
import type { Tracer } from "./tracer.ts";

/** Deliveries whose passes are remembered, and passes of each. */
const mostDeliveries = 200;
const mostPasses = 100;

const silent = { set: () => undefined, fail: () => undefined };
const noTracer: Tracer = { span: (_, __, work) => work(silent), delivered: () => undefined };

/**
 * The tracer of the OpenTelemetry SDK that was started before this program, as by `NODE_OPTIONS=--import …/register`. Without
 * the package @opentelemetry/api there can be none, and then nothing is traced and nothing costs anything.
 */
export async function openTracer(version: string): Promise<Tracer> {
  const api = await import("@opentelemetry/api").catch(() => undefined);
  return api ? tracerOf(api, version) : noTracer;
}

function tracerOf(api: typeof OpenTelemetry, version: string): Tracer {
  const tracer = api.trace.getTracer("plumbline", version);
  const passes = new Map<string, readonly OpenTelemetry.SpanContext[]>();
  const remember = (delivery: string, context: OpenTelemetry.SpanContext): void => {
    const known = passes.get(delivery) ?? [];
    passes.set(delivery, [...known, context].slice(-mostPasses));
    for (const oldest of passes.keys()) if (passes.size > mostDeliveries) passes.delete(oldest);
  };
  return {
    span: (name, attributes, work) =>
      tracer.startActiveSpan(name, { attributes }, async (span) => {
        try {
          return await work({
            set(more) {
              span.setAttributes(more);
              const delivery = more[deliveryAttribute];
              if (typeof delivery === "string") remember(delivery, span.spanContext());
            },
            fail: (message) => span.setStatus({ code: api.SpanStatusCode.ERROR, message }),
          });
        } catch (error) {
          span.setStatus({ code: api.SpanStatusCode.ERROR });
          throw error;
        } finally {
          span.end();
        }
      }),
    delivered({ delivery, startedAt, endedAt, failed, attributes }) {
      // A parent that nobody recorded gives the trace its id.
      const root = {
        traceId: delivery,
        spanId: delivery.slice(16),
        traceFlags: api.TraceFlags.SAMPLED,
        isRemote: true,
      };
      const links = (passes.get(delivery) ?? []).map((context) => ({ context }));
      const options = { startTime: new Date(startedAt), attributes, links };
      const span = tracer.startSpan("delivery", options, api.trace.setSpanContext(api.ROOT_CONTEXT, root));
      if (failed) span.setStatus({ code: api.SpanStatusCode.ERROR });
      span.end(new Date(endedAt));
      passes.delete(delivery);
    },
  };
}
