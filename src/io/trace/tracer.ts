/** What a span says of itself, by name. */
export type SpanAttributes = { readonly [name: string]: string | number | boolean };

/** A span that is going on. */
export interface Span {
  /** Adds what became known since it began. */
  set(attributes: SpanAttributes): void;
  /** It did not end well. */
  fail(message: string): void;
}

/** A delivery that was decided, as one span from its beginning to its decision. Times are ISO 8601. */
export interface DeliverySpan {
  /** 32 hex digits: the id of the trace. */
  readonly delivery: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly failed: boolean;
  readonly attributes: SpanAttributes;
}

/** The door to a tracing SDK, where one is in this process. */
export interface Tracer {
  /** Does work within a span; what is begun in it is below it. */
  span<T>(name: string, attributes: SpanAttributes, work: (span: Span) => Promise<T>): Promise<T>;
  /** Tells of a whole delivery, linked to those passes whose spans named it by the attribute `plumbline.delivery`. */
  delivered(delivery: DeliverySpan): void;
}

/** Names the delivery that a span belongs to. */
export const deliveryAttribute = "plumbline.delivery";
