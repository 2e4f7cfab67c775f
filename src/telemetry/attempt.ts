import type { Attributes, Span } from "@opentelemetry/api";
import type { Call, Instance } from "../contract/contract.js";
import { type Code, codeName } from "../errors/errors.js";
import { peerAttributes } from "./address.js";
import { Attribute, SpanEvent } from "./names.js";
import { placementOf } from "./placement.js";

const attributes = new WeakMap<Instance, Attributes>();

/** What a span says of the instance that was asked. */
export function instanceAttributes(instance: Instance): Attributes {
  const known = attributes.get(instance) ?? {
    ...peerAttributes(instance.endpoints[0] ?? instance.id),
    [Attribute.INSTANCE_ID]: instance.id,
    [Attribute.PLACEMENT]: placementOf(instance),
  };
  attributes.set(instance, known);
  return known;
}

/** One event an attempt, at its end; a call that needed one attempt has none: its span says all there is. */
export function attemptEnded(span: Span, attempt: Call, code: Code): void {
  const { instance, attempt: number } = attempt;
  const status = codeName(code);
  span.addEvent(
    SpanEvent.ATTEMPT,
    instance === undefined
      ? { [Attribute.ATTEMPT_NUMBER]: number, [Attribute.STATUS_CODE]: status }
      : { [Attribute.ATTEMPT_NUMBER]: number, [Attribute.INSTANCE_ID]: instance.id, [Attribute.STATUS_CODE]: status },
  );
}
