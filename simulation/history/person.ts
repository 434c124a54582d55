import type { Clock } from "../../src/io/clock/clock.ts";
import type { CommitInfo, TreeChange } from "../../src/io/git/git.ts";
import type { Behaviour } from "../cluster/images.ts";
import type { MemoryRemote } from "../git/memory-remote.ts";
import {
  checkedFiles,
  configMapText,
  flawFile,
  hookText,
  newApplication,
  policyText,
  rootFile,
  settingsText,
  spoiled,
  webText,
} from "./manifests.ts";
import type { Files, Policy } from "./manifests.ts";
import { filesAt } from "./read-tree.ts";
import { baseFiles, basePath, kustomization, listed } from "./kustomization.ts";
import { adopting, ownerOf, renamed } from "./rename.ts";
import { places } from "./steps.ts";
import type { GitAct, History, PlaceName } from "./steps.ts";

const branch = "main";

/** What is to change, by path; null removes a file or a whole directory. */
type Changes = ReadonlyMap<string, string | null>;

type ActOf<D extends GitAct["do"]> = Extract<GitAct, { do: D }>;

/** Those who push to the deployment repository, seen as one person who never runs out of ideas. */
export class Person {
  readonly #remote: MemoryRemote;
  readonly #clock: Clock;
  #policy: Policy;
  #version = 1;

  constructor(remote: MemoryRemote, clock: Clock, { policy, begin }: Pick<History, "policy" | "begin">) {
    this.#remote = remote;
    this.#clock = clock;
    this.#policy = policy;
    const applications = begin.flatMap((at) => [...inFolder(at, this.#fresh(at))]);
    this.#commit(new Map([[rootFile, policyText(policy)], ...applications]), "Begin");
  }

  /** Does what belongs to Git; answers in a few words what came of it. */
  act(asked: GitAct): string {
    const act = this.#resolved(asked);
    switch (act.do) {
      case "add":
        return this.#files(act.at) ? "is there already" : this.#push(inFolder(act.at, this.#fresh(act.at)), act);
      case "change":
        return this.#push(this.#changed(act), act);
      case "change-both":
        return this.#changeBoth(act);
      case "spoil":
        return this.#spoil(act);
      case "hook":
        return this.#hook(act);
      case "check":
        return this.#check(act);
      case "base":
        return this.#standOnBase(act);
      case "change-base":
        return this.#push(this.#base(act.image), act);
      case "mend":
        return this.#push(this.#mended(act.at), act);
      case "settings":
        return this.#changeSettings(act);
      case "add-file":
        return this.#addFile(act);
      case "remove-file":
        return this.#push(new Map([[`${act.at}/extra-${act.file}.yaml`, null]]), act);
      case "merge":
        return this.#merge(act);
      case "swap":
        return this.#swap(act);
      case "repeat":
        return this.#repeat();
      case "rename":
        return this.#rename(act.at, act.to, act.rewritten, act);
      case "remove":
        return this.#push(new Map([[act.at, null]]), act);
      case "empty":
        return this.#empty(act);
      case "go-back":
        return this.#goBack(act.by);
      case "go-aside":
        this.#goBack(act.by);
        return this.#push(this.#withImage(act.at, act.image), act);
      case "revert":
        return this.#revert(act.at, act.by, act);
      case "merge-proposals":
        return this.#mergeProposals();
      case "copy-rollback":
        return this.#copyRollback();
      case "depend":
        return this.#depend(act);
      case "policy":
      case "break-policy":
      case "drop-policy":
        return this.#changePolicy(act);
    }
  }

  /** Who means an application that is not there means the first one that is. */
  #resolved(act: GitAct): GitAct {
    if (!("at" in act) || act.do === "add" || this.#files(act.at)) return act;
    const first = places.find((place) => this.#files(place));
    return first ? { ...act, at: first } : act;
  }

  #head(): CommitInfo | undefined {
    const id = this.#remote.branch(branch);
    return id === undefined ? undefined : this.#remote.commit(id);
  }

  #files(at: PlaceName): Files | undefined {
    const head = this.#head();
    return head && filesAt(this.#remote, head.id, at);
  }

  #namespace(at: PlaceName): string {
    const [environment = "", name = ""] = at.split("/");
    return this.#policy.isShared ? `shared-${environment}` : `${name}-${environment}`;
  }

  #fresh(at: PlaceName): Files {
    return newApplication(at.split("/")[1] ?? "", this.#policy.isShared ? undefined : this.#namespace(at));
  }

  #changePolicy(act: ActOf<"policy" | "break-policy" | "drop-policy">): string {
    if (act.do === "policy") this.#policy = { ...this.#policy, onFailure: act.onFailure };
    const text = act.do === "policy" ? policyText(this.#policy) : `environments: [${(this.#version += 1)}\n`;
    return this.#push(new Map([[rootFile, act.do === "drop-policy" ? null : text]]), act);
  }

  #repeat(): string {
    const head = this.#head();
    return head ? this.#move(this.#signed(head.tree, [head.id], "Once more")) : "nothing to repeat";
  }

  #standOnBase(act: ActOf<"base">): string {
    if (this.#policy.isShared || !this.#files(act.at)) return "has no place for a base";
    return this.#push(new Map([...this.#base(act.image), [`${act.at}/${kustomization}`, ""]]), act);
  }

  #base(image: Behaviour): Changes {
    return inFolder(basePath, baseFiles(image, (this.#version += 1)));
  }

  #owner(at: PlaceName): string {
    return ownerOf(this.#files(at)) ?? at.split("/")[1] ?? "";
  }

  #changed({ at, image, recreate, file }: ActOf<"change">): Changes {
    const changes = this.#withImage(at, image, recreate);
    if (file === undefined) return changes;
    const name = `extra-${file}.yaml`;
    const isThere = this.#files(at)?.has(name) === true;
    const text = configMapText(`${this.#owner(at)}-extra-${file}`, { v: String(this.#version) });
    return new Map<string, string | null>([...changes, [`${at}/${name}`, isThere ? null : text]]);
  }

  #changeBoth(act: ActOf<"change-both">): string {
    const other = places.find((place) => place !== act.at && this.#files(place));
    const changes = this.#withImage(act.at, act.image);
    return this.#push(new Map([...changes, ...(other ? this.#withImage(other, "ready") : [])]), act);
  }

  #spoil(act: ActOf<"spoil">): string {
    const owner = this.#owner(act.at);
    const [name, text] = flawFile(act.flaw, owner, (this.#version += 1));
    const files = new Map([
      [name, text],
      ["settings.yaml", settingsText(owner, `${spoiled}${this.#version}`)],
    ]);
    return this.#files(act.at) ? this.#push(inFolder(act.at, files), act) : "is not there";
  }

  #changeSettings(act: ActOf<"settings">): string {
    const text = settingsText(this.#owner(act.at), String((this.#version += 1)));
    return this.#files(act.at) ? this.#push(new Map([[`${act.at}/settings.yaml`, text]]), act) : "is not there";
  }

  #addFile(act: ActOf<"add-file">): string {
    const annotations = act.stays ? { "plumbline.dev/prune": "false" } : undefined;
    const data = { v: String((this.#version += 1)) };
    const text = configMapText(`${this.#owner(act.at)}-extra-${act.file}`, data, annotations);
    const path = `${act.at}/extra-${act.file}.yaml`;
    return this.#files(act.at) ? this.#push(new Map([[path, text]]), act) : "is not there";
  }

  #hook(act: ActOf<"hook">): string {
    const text = hookText(this.#owner(act.at), act.when, act.image, (this.#version += 1));
    if (!this.#files(act.at)) return "is not there";
    const path = `${act.at}/hook-${act.when}.yaml`;
    return this.#push(new Map([...this.#withImage(act.at, "ready"), [path, text]]), act);
  }

  #check(act: ActOf<"check">): string {
    if (this.#files(act.at)?.has("delivery.yaml") !== false) return "says something else";
    const files = inFolder(act.at, checkedFiles(this.#owner(act.at)));
    return this.#push(new Map([...files, ...this.#withImage(act.at, act.image)]), act);
  }

  #empty(act: ActOf<"empty">): string {
    const meant = { allowEmpty: true, allowPrune: [`Namespace/${this.#namespace(act.at)}`] };
    const changes = new Map([
      [act.at, null],
      [`${act.at}/delivery.yaml`, `${JSON.stringify(meant)}\n`],
    ]);
    return this.#push(changes, act);
  }

  #depend(act: ActOf<"depend">): string {
    const after = act.at.endsWith("one") ? "two" : "one";
    const text = `${JSON.stringify({ after: [after] })}\n`;
    const isFree = this.#files(act.at)?.has("delivery.yaml") === false;
    return isFree ? this.#push(new Map([[`${act.at}/delivery.yaml`, text]]), act) : "says something else";
  }

  #withImage(at: PlaceName, image: Behaviour, recreate = false): ReadonlyMap<string, string> {
    const text = webText(this.#owner(at), image, (this.#version += 1), recreate);
    const begun = this.#files(at)?.has("web.yaml") === true ? new Map<string, string>() : this.#fresh(at);
    return inFolder(at, new Map([...begun, ["web.yaml", text]]));
  }

  #mended(at: PlaceName): Changes {
    const ended = ["flaw", "delivery", "hook-before", "hook-after", "kustomization"];
    const owned = ended.map((name) => [`${at}/${name}.yaml`, null] as const);
    return new Map<string, string | null>([
      [rootFile, policyText(this.#policy)],
      ...owned,
      ...this.#withImage(at, "ready"),
      [`${at}/settings.yaml`, settingsText(this.#owner(at), String(this.#version))],
    ]);
  }

  #merge(act: ActOf<"merge">): string {
    const { at, image, both } = act;
    if (both)
      this.#push(new Map([[`${at}/settings.yaml`, settingsText(this.#owner(at), `${(this.#version += 1)}`)]]), act);
    const head = this.#head();
    const [base] = head?.parents ?? [];
    if (!head || base === undefined) return "nothing to branch from";
    const changes = this.#withImage(at, image);
    const side = this.#write(changes, this.#remote.commit(base).tree, [base], "On the side");
    const merged = this.#write(changes, head.tree, [head.id, side], `Merge ${JSON.stringify(act)}`);
    return this.#move(merged);
  }

  #rename(at: PlaceName, to: PlaceName, rewritten: boolean, act: GitAct): string {
    const files = this.#files(at);
    if (!files || at === to || this.#files(to)) return "cannot be renamed";
    const { isShared } = this.#policy;
    const owner = to.split("/")[1] ?? "";
    const texts = !rewritten
      ? files
      : isShared
        ? adopting(files, at)
        : renamed(files, this.#owner(at), owner, this.#namespace(at), this.#namespace(to));
    return this.#push(new Map<string, string | null>([[at, null], ...inFolder(to, texts)]), act);
  }

  /** Two applications change places; rewritten, each takes over what the other one had. */
  #swap({ at, with: other, rewritten }: ActOf<"swap">): string {
    const [one, two] = [this.#files(at), this.#files(other)];
    if (!one || !two || at === other) return "cannot be swapped";
    const taken = (files: Files, from: PlaceName): Files => (rewritten ? adopting(files, from) : files);
    const emptied = [at, other].map((place) => [place, null] as const);
    const changes = [...emptied, ...inFolder(at, taken(two, other)), ...inFolder(other, taken(one, at))];
    return this.#push(new Map<string, string | null>(changes), { do: "swap", at, with: other, rewritten });
  }

  #goBack(by: number): string {
    const head = this.#head();
    const target = head && [...this.#remote.firstParents(head.id)].slice(0, by + 1).at(-1);
    return target ? this.#move(target.id) : "nothing to go back to";
  }

  #revert(at: PlaceName, by: number, act: GitAct): string {
    const head = this.#head();
    const target = head && [...this.#remote.firstParents(head.id)].slice(0, by + 1).at(-1);
    const tree = target && this.#remote.idAt(target.id, at);
    if (!head || tree === undefined) return "nothing to revert to";
    return this.#pushTrees(new Map([[at, { mode: "040000", id: tree }]]), [head.id], `Revert ${JSON.stringify(act)}`);
  }

  #mergeProposals(): string {
    const said: string[] = [];
    for (const [name, commit] of this.#remote.branches()) {
      if (!/^plumbline\/(rollback|promote)\//.test(name)) continue;
      const head = this.#head();
      const { parents } = this.#remote.commit(commit);
      if (!head || this.#remote.isAncestor(commit, head.id)) continue;
      const trees = places.flatMap((at): readonly [string, TreeChange][] => {
        const [now, before] = [commit, parents[0] ?? commit].map((id) => this.#remote.idAt(id, at));
        return now === before || now === undefined ? [] : [[at, { mode: "040000", id: now }]];
      });
      said.push(this.#pushTrees(new Map(trees), [head.id, commit], `Merge ${name}`));
    }
    return said.join(", ");
  }

  /** What `git cherry-pick` makes of the newest rollback: its message comes along, with all that it says for machines. */
  #copyRollback(): string {
    const head = this.#head();
    const rollback = head && [...this.#remote.firstParents(head.id)].find((one) => one.trailers["Plumbline-Undoes"]);
    const at = rollback?.trailers["Plumbline-Application"];
    const tree = rollback && at && this.#remote.idAt(rollback.id, at);
    if (!head || !rollback || !at || !tree) return "no rollback to copy";
    return this.#pushTrees(new Map([[at, { mode: "040000", id: tree }]]), [head.id], rollback.message.trimEnd());
  }

  #pushTrees(trees: ReadonlyMap<string, TreeChange>, parents: readonly string[], message: string): string {
    const head = this.#head();
    const tree = this.#remote.writeTree(head?.tree, trees);
    return tree === head?.tree ? "changes nothing" : this.#move(this.#signed(tree, parents, message));
  }

  #push(changes: Changes, act: GitAct): string {
    return this.#commit(changes, JSON.stringify(act));
  }

  #commit(changes: Changes, message: string): string {
    const head = this.#head();
    const commit = this.#write(changes, head?.tree, head ? [head.id] : [], message);
    return this.#remote.commit(commit).tree === head?.tree ? "changes nothing" : this.#move(commit);
  }

  #write(changes: Changes, base: string | undefined, parents: readonly string[], message: string): string {
    const written = new Map<string, TreeChange | null>();
    for (const [path, content] of changes) {
      const id = content === null ? "" : this.#remote.objects.write("blob", Buffer.from(content));
      written.set(path, content === null ? null : { mode: "100644", id });
    }
    return this.#signed(listed(this.#remote, this.#remote.writeTree(base, written)), parents, message);
  }

  #signed(tree: string, parents: readonly string[], message: string): string {
    const signature = { name: "Person", email: "person@example.test", at: this.#clock.now() / 1000 };
    return this.#remote.writeCommit({ tree, parents, message: `${message}\n`, signature });
  }

  #move(commit: string): string {
    this.#remote.setBranch(branch, commit, "person");
    return `main is at ${commit.slice(0, 8)}`;
  }
}

function inFolder(at: string, files: Files): ReadonlyMap<string, string> {
  return new Map([...files].map(([name, text]) => [`${at}/${name}`, text]));
}
