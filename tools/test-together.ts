import { pathToFileURL } from "node:url";

// The fast tests of the files that are named, one after the other in this process: most of what such a file costs otherwise is
// to start node and to read the same modules again.
for (const file of process.argv.slice(2)) await import(pathToFileURL(file).href);
