import { connect } from "node:http2";

/**
 * Asks the standard gRPC health service (grpc.health.v1.Health/Check) whether `service` is serving. Answers undefined when
 * it is, else why not in the kubelet's words; rejects with them where nothing listens.
 */
export function checkGrpc(
  { host, port }: { readonly host: string; readonly port: number },
  service: string,
  timeoutMs: number,
): Promise<string | undefined> {
  const address = `${host}:${port}`;
  const session = connect(`http://${address}`);
  let connected = false;
  session.once("connect", () => (connected = true));
  const outcome = new Promise<string | undefined>((resolve, reject) => {
    const late = `timeout: failed to connect service "${address}" within ${timeoutMs / 1000}s: context deadline exceeded`;
    const fail = (error: NodeJS.ErrnoException) => {
      if (connected) resolve(`error: health rpc probe failed: ${error.message}`);
      // The kubelet would go on trying until it is too late, and say so.
      else reject(Object.assign(new Error(late), { code: error.code }));
    };
    const timer = setTimeout(() => resolve(late), timeoutMs);
    session.on("error", fail).once("close", () => clearTimeout(timer));
    const call = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
    });
    let status: unknown = "0";
    const chunks: Buffer[] = [];
    const take = (headers: Readonly<Record<string, unknown>>) => (status = headers["grpc-status"] ?? status);
    call.on("response", take).on("trailers", take).on("error", fail);
    call.on("data", (chunk: Buffer) => chunks.push(chunk));
    call.on("end", () => {
      const answer = Buffer.concat(chunks);
      // Field 1 of the answer's message: 1 is SERVING.
      const serving = answer[5] === 0x08 && answer[6] === 1;
      if (status !== "0") resolve(`error: health rpc failed with status ${String(status)}`);
      else resolve(serving ? undefined : 'service unhealthy (responded with "NOT_SERVING")');
    });
    call.end(frame(service));
  });
  return outcome.finally(() => session.destroy());
}

/** One message as gRPC frames it: uncompressed, with its length; field 1 is the service's name. */
function frame(service: string): Buffer {
  const name = Buffer.from(service).subarray(0, 127);
  const message = Buffer.concat(name.length === 0 ? [] : [Buffer.from([0x0a, name.length]), name]);
  return Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
}
