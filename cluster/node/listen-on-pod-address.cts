/**
 * Loaded into every Node program that runs as a container (by NODE_OPTIONS), because the pods of this cluster share one
 * machine: a server that listens without an address, or on all of them, listens on its pod's address only, as it would in
 * a pod's own network. PLUMBLINE_POD_IP is that address; where the machine cannot give each pod its own,
 * PLUMBLINE_POD_PORTS (`8080=49152,9090=49153`) says which local port stands for which port of the pod.
 * It also mends what a program takes for its own path when the loader of its image starts it (launch.ts).
 */
{
  interface Server {
    listen: (this: Server, ...args: unknown[]) => Server;
  }
  const net = require("node:net") as { readonly Server: { readonly prototype: Server } };
  const podIP = process.env["PLUMBLINE_POD_IP"];
  const stands = new Map<number, number>();
  for (const pair of (process.env["PLUMBLINE_POD_PORTS"] ?? "").split(",")) {
    const [port, local] = pair.split("=").map(Number);
    if (port && local) stands.set(port, local);
  }

  // The loader of an image that starts a program is what the system takes for it; its path is what the program is called.
  if (/\/ld[-.][^/]*$/.test(process.execPath) && process.argv0.startsWith("/")) process.execPath = process.argv0;

  const { prototype } = net.Server;
  const { listen } = prototype;

  const isWildcard = (host: unknown) =>
    host === undefined || host === null || host === "" || host === "0.0.0.0" || host === "::";
  const place = (port: number, host: unknown): [number, unknown] => {
    if (!isWildcard(host) && host !== podIP) return [port, host];
    if (process.env["PLUMBLINE_POD_PORTS"] === undefined) return [port, podIP];
    return [stands.get(port) ?? port, "127.0.0.1"];
  };

  prototype.listen = function (this: Server, ...args: unknown[]) {
    const [first, second] = args;
    if (typeof first === "object" && first !== null) {
      const options = first as { port?: number | string; host?: string; path?: string; fd?: number };
      const elsewhere =
        options.path !== undefined || options.fd !== undefined || "_handle" in first || "handle" in first;
      if (options.port === undefined || elsewhere) return listen.apply(this, args);
      const [port, host] = place(Number(options.port), options.host);
      return listen.call(this, { ...options, port, host }, ...args.slice(1));
    }
    const port = first === undefined || first === null || typeof first === "function" ? 0 : Number(first);
    if (!Number.isInteger(port)) return listen.apply(this, args);
    const hasHost = typeof second === "string";
    const rest = typeof first === "function" ? args : args.slice(hasHost ? 2 : 1);
    return listen.call(this, ...place(port, hasHost ? second : undefined), ...rest);
  };
}
