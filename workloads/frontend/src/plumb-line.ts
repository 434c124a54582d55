import { svg } from "./dom.ts";

/** The plumb line: hangs true when all is as Git says, swings while it moves, and hangs off true when it is not. */
export function plumbLine(): SVGElement {
  return svg(
    "svg",
    { class: "plumb", viewBox: "0 0 100 240", "aria-hidden": "true", focusable: "false" },
    svg("line", { class: "plumb-true", x1: "50", y1: "0", x2: "50", y2: "240" }),
    svg(
      "g",
      { class: "plumb-swing" },
      svg("line", { class: "plumb-cord", x1: "50", y1: "0", x2: "50", y2: "188" }),
      svg("path", { class: "plumb-bob", d: "M45 188h10l5 9-3 14-7 24-7-24-3-14z" }),
    ),
    svg("circle", { class: "plumb-nail", cx: "50", cy: "3", r: "3" }),
  );
}

/** The plumb bob as a small mark beside the name. */
export function mark(): SVGElement {
  return svg(
    "svg",
    { class: "mark", viewBox: "0 0 20 28", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: "M10 0v11", class: "plumb-cord" }),
    svg("path", { d: "M7 11h6l3 4-2 5-4 8-4-8-2-5z", class: "plumb-bob" }),
  );
}
