import { connect } from "node:http2";

/**
 * Asks the standard gRPC health service (grpc.health.v1.Health/Check) whether `service` is serving. Answers undefined when
 * it is, else why not in the kubelet's words.
 */
export function checkGrpc(
  { host, port }: { readonly host: string; readonly port: number },
  service: string,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const address = `${host}:${port}`;
    const session = connect(`http://${address}`);
    const end = (answer: string | undefined) => {
      clearTimeout(timer);
      session.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => {
      end(`timeout: failed to connect service "${address}" within ${timeoutMs / 1000}s: context deadline exceeded`);
    }, timeoutMs);
    let connected = false;
    session.once("connect", () => {
      connected = true;
    });
    const fail = (error: Error) => {
      const what = connected ? "health rpc probe failed" : `failed to connect service at "${address}"`;
      end(`error: ${what}: ${error.message}`);
    };
    session.on("error", fail);
    const call = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const chunks: Buffer[] = [];
    let grpcStatus = "";
    const take = (headers: Readonly<Record<string, unknown>>) => {
      grpcStatus = typeof headers["grpc-status"] === "string" ? headers["grpc-status"] : grpcStatus;
    };
    call.on("response", take);
    call.on("trailers", take);
    call.on("data", (chunk: Buffer) => chunks.push(chunk));
    call.on("error", fail);
    call.on("end", () => {
      if (grpcStatus !== "0" && grpcStatus !== "") end(`error: health rpc failed with status ${grpcStatus}`);
      else
        end(
          servingStatus(Buffer.concat(chunks)) === 1 ? undefined : 'service unhealthy (responded with "NOT_SERVING")',
        );
    });
    call.end(frame(service));
  });
}

/** One message as gRPC frames it: uncompressed, with its length; field 1 is the service's name. */
function frame(service: string): Buffer {
  const name = Buffer.from(service).subarray(0, 127);
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Field 1 of the answer: 1 is SERVING. */
function servingStatus(answer: Buffer): number {
  return answer[5] === 0x08 ? (answer[6] ?? 0) : 0;
}
