import type { Problem } from "../../model/problem.ts";

/** What a thread says to the one that started it; what has an `id` is answered. */
export type FromThread =
  | { readonly kind: "question"; readonly id: number; readonly question: unknown }
  | { readonly kind: "part"; readonly id: number; readonly part: string }
  | { readonly kind: "problem"; readonly problem: Problem }
  | { readonly kind: "done" };

/** The answer to what had that `id`. */
export type ToThread =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly problem: Problem };
