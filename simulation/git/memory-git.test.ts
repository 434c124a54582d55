import { gitContract } from "../../src/io/git/git-contract-in-test.ts";
import { memoryGit } from "./memory-git.ts";
import { MemoryRemote } from "./memory-remote.ts";

gitContract("a repository in memory", async () => {
  const remote = new MemoryRemote();
  return { open: async () => memoryGit(remote) };
});
