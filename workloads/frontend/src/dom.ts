/** What may stand inside an element: nodes, text, or nothing. */
export type Child = Node | string | false | undefined;
type Attributes = Readonly<Record<string, string | undefined>>;

/** Makes an element. Children that are strings become text, never markup. */
export function h(tag: string, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElement {
  return fill(document.createElement(tag), attributes, children);
}

/** Makes an element of a drawing. */
export function svg(tag: string, attributes: Attributes = {}, ...children: readonly Child[]): SVGElement {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  for (const child of children) if (child !== undefined && child !== false) element.append(child);
  return element;
}

/**
 * Makes the inside of `from` like that of `to` and keeps every element that stays, so that focus, selection, what the
 * reader has opened and running animations survive. Elements are the same by their `data-key`, or by their order.
 */
export function morph(from: Element, to: Element): void {
  const keyed = new Map<string | null, Element>();
  for (const child of from.children) keyed.set(keyOf(child), child);
  const kept = new Set<Node>();
  let cursor: Node | null = from.firstChild;
  for (const next of Array.from(to.childNodes)) {
    while (cursor && kept.has(cursor)) cursor = cursor.nextSibling;
    const key = keyOf(next);
    const same: Node | null = key === null ? cursor : (keyed.get(key) ?? null);
    if (same && !kept.has(same) && keyOf(same) === key && same.nodeName === next.nodeName) {
      if (same === cursor) cursor = cursor.nextSibling;
      else from.insertBefore(same, cursor);
      kept.add(same);
      update(same, next);
    } else {
      from.insertBefore(next, cursor);
      kept.add(next);
    }
  }
  for (const child of Array.from(from.childNodes)) if (!kept.has(child)) child.remove();
}

function update(from: Node, to: Node): void {
  if (from instanceof Element && to instanceof Element) {
    for (const { name } of Array.from(from.attributes)) {
      if (name !== "open" && !to.hasAttribute(name)) from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      if (name !== "open" && from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    morph(from, to);
  } else if (from.nodeValue !== to.nodeValue) {
    from.nodeValue = to.nodeValue;
  }
}

function keyOf(node: Node): string | null {
  return node instanceof Element ? node.getAttribute("data-key") : null;
}
