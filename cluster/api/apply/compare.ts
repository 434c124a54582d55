import { draftSet, insertPath, type FieldSet, type FieldSetDraft } from "./field-set.ts";
import { equalJson, isList, isObject, type Json } from "./json.ts";
import { itemsByElement } from "./list-item.ts";
import { fieldElement, type PathElement } from "./path-element.ts";
import { fieldStructure, shapeFor, shapeForPair, type Shape } from "./shape.ts";
import { deduced, type ListStructure, type MapStructure, type Structure } from "./structure.ts";

/** Which fields differ between two values of one structure. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares two values; a field that only one of them has counts with all that is below it. */
export function compareValues(structure: Structure, left: Json, right: Json): Comparison {
  const walk = new Walk();
  walk.compare(structure, left, right);
  return walk;
}

class Walk implements Comparison {
  readonly added: FieldSetDraft = draftSet();
  readonly modified: FieldSetDraft = draftSet();
  readonly removed: FieldSetDraft = draftSet();
  readonly #path: PathElement[] = [];

  compare(structure: Structure, left: Json | undefined, right: Json | undefined): void {
    if (left === right) return;
    const shape = shapeForPair(structure, left, right);
    if (left === undefined) insertPath(this.added, this.#path);
    else if (right === undefined) insertPath(this.removed, this.#path);
    else {
      // A value that changed its form loses what it held in the old one.
      const before = shapeFor(structure, left);
      if (before.kind !== shape.kind) this.#compareShaped(before, left, right);
    }
    this.#compareShaped(shape, left, right);
  }

  #compareShaped(shape: Shape, left: Json | undefined, right: Json | undefined): void {
    if (shape.kind === "map") this.#compareMaps(shape.map, left, right);
    else if (shape.kind === "list") this.#compareLists(shape.list, left, right);
    else this.#compareLeaves(left, right);
  }

  #compareLeaves(left: Json | undefined, right: Json | undefined): void {
    if (left === undefined || right === undefined || equalJson(left, right)) return;
    insertPath(this.modified, this.#path);
  }

  #compareMaps(map: MapStructure, leftValue: Json | undefined, rightValue: Json | undefined): void {
    const left = isObject(leftValue) ? leftValue : {};
    const right = isObject(rightValue) ? rightValue : {};
    const isEmpty = Object.keys(left).length === 0 && Object.keys(right).length === 0;
    // An empty map is a leaf, so that {} and null can be told apart.
    if (map.atomic || isEmpty) return this.#compareLeaves(leftValue, rightValue);
    for (const key of Object.keys(left)) {
      this.#descend(fieldElement(key), fieldStructure(map, key), left[key], right[key]);
    }
    for (const key of Object.keys(right)) {
      if (!(key in left)) this.#descend(fieldElement(key), fieldStructure(map, key), undefined, right[key]);
    }
  }

  #compareLists(list: ListStructure, leftValue: Json | undefined, rightValue: Json | undefined): void {
    const left = isList(leftValue) ? leftValue : [];
    const right = isList(rightValue) ? rightValue : [];
    if (list.relation === "atomic" || (left.length === 0 && right.length === 0)) {
      return this.#compareLeaves(leftValue, rightValue);
    }
    const leftItems = itemsByElement(list, left);
    const rightItems = itemsByElement(list, right);
    for (const [element, items] of leftItems) this.#compareItems(list, element, items, rightItems.get(element) ?? []);
    for (const [element, items] of rightItems) {
      if (!leftItems.has(element)) this.#compareItems(list, element, [], items);
    }
  }

  #compareItems(list: ListStructure, element: PathElement, left: readonly Json[], right: readonly Json[]): void {
    if (left.length <= 1 && right.length <= 1) return this.#descend(element, list.element, left[0], right[0]);
    // Items that share their key can only be compared as a group.
    this.#path.push(element);
    if (left.length === 0) insertPath(this.added, this.#path);
    else if (right.length === 0) insertPath(this.removed, this.#path);
    else if (!equalJson(left, right)) insertPath(this.modified, this.#path);
    this.#path.pop();
  }

  #descend(
    element: PathElement,
    structure: Structure | undefined,
    left: Json | undefined,
    right: Json | undefined,
  ): void {
    this.#path.push(element);
    this.compare(structure ?? deduced, left, right);
    this.#path.pop();
  }
}
