import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Keeps at most `most` connections open. One more pushes out the one that has waited longest without a whole request, so that
 * somebody who opens many and says nothing, or says it letter by letter, keeps nobody else out.
 */
export function boundConnections(server: Server, most: number): void {
  const open = new Set<Socket>();
  /** Those without an answer under way; the one that has waited longest first. */
  const waiting = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    waiting.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      waiting.delete(socket);
    });
    if (open.size <= most) return;
    const [longest] = waiting;
    longest?.destroy();
  });
  server.on("request", ({ socket }, response: ServerResponse) => {
    waiting.delete(socket);
    response.once("close", () => {
      if (open.has(socket)) waiting.add(socket);
    });
  });
}
