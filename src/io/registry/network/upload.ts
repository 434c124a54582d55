import { ProblemError } from "../../../model/problem.ts";
import type { Content, Measured } from "../registry.ts";
import type { Address } from "./address.ts";
import type { Answer, Exchange, RegistryRequest } from "./exchange.ts";
import { Passing } from "./passing.ts";

/** One blob on its way into a repository. */
export interface Upload extends Measured {
  readonly exchange: Exchange;
  readonly address: Address;
  readonly content: Content;
  /** Larger blobs go in pieces of this many bytes, and go on where they broke off. */
  readonly pieceBytes: number;
  readonly isThere: () => Promise<boolean>;
  readonly onSent: (sent: number) => void;
}

/**
 * Uploads a blob: whole when it is small, in pieces when it is not. What breaks off goes on from what the registry says it
 * has, or starts anew; what cannot be finished is called off there. Resolves when the registry has the blob.
 */
export async function upload(blob: Upload): Promise<void> {
  await blob.exchange.persist(async (attempt) => {
    // The answer may have been lost, and not the blob.
    if (attempt > 0 && (await blob.isThere())) return;
    const begun = await blob.exchange.sendOnce({
      ...to(blob),
      method: "POST",
      at: "blobs/uploads/",
      headers: { "content-length": "0" },
      expect: [202],
    });
    const place = { at: locationOf(begun) };
    try {
      await (blob.size <= blob.pieceBytes ? sendWhole(blob, place) : sendPieces(blob, place));
    } catch (error) {
      await cancelUpload(blob.exchange, blob.address, place.at);
      // Begun anew it may well be taken.
      throw error instanceof UploadLost ? new Passing(error.problem, 0, error) : error;
    }
  });
  blob.onSent(blob.size);
}

/** Lets the registry forget an upload. It would by itself after days, so nothing hangs on this. */
export async function cancelUpload(exchange: Exchange, address: Address, at: URL): Promise<void> {
  const what = "call off an upload";
  await exchange
    .sendOnce({ method: "DELETE", address, at, access: "pull,push", expect: [202, 204, 404], what })
    .catch(() => undefined);
}

/** Where an upload goes on; each answer may name another place. */
interface UploadPlace {
  at: URL;
}

async function sendWhole(blob: Upload, place: UploadPlace): Promise<void> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of blob.content()) pieces.push(chunk);
  await finish(blob, place, Buffer.concat(pieces));
}

async function sendPieces(blob: Upload, place: UploadPlace): Promise<void> {
  let start = 0;
  for await (const piece of inPieces(blob.content(), blob.pieceBytes)) {
    await sendPiece(blob, place, start, piece);
    start += piece.length;
    if (start < blob.size) blob.onSent(start);
  }
  await finish(blob, place, Buffer.alloc(0));
}

async function sendPiece(blob: Upload, place: UploadPlace, start: number, piece: Buffer): Promise<void> {
  let sent = 0;
  await blob.exchange.persist(async (attempt) => {
    if (attempt > 0) sent = (await received(blob, place)) - start;
    if (sent < 0 || sent > piece.length) throw lost(blob, "it lost what it had of an upload");
    if (sent === piece.length) return;
    const rest = piece.subarray(sent);
    const answer = await blob.exchange.sendOnce({
      ...to(blob),
      method: "PATCH",
      at: place.at,
      headers: {
        "content-type": "application/octet-stream",
        "content-range": `${start + sent}-${start + sent + rest.length - 1}`,
      },
      body: rest,
      expect: [202, ...forgotten],
    });
    if (answer.status !== 202) throw lost(blob, `it answered ${answer.status} to an upload that it had begun`);
    place.at = locationOf(answer);
  });
}

/** How many bytes of an upload the registry has. */
async function received(blob: Upload, place: UploadPlace): Promise<number> {
  const answer = await blob.exchange.sendOnce({
    ...to(blob),
    method: "GET",
    at: place.at,
    expect: [204, ...forgotten],
  });
  if (answer.status !== 204) throw lost(blob, "it has forgotten an upload that it had begun");
  const last = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.range ?? "")?.[1];
  if (answer.headers.location !== undefined) place.at = locationOf(answer);
  // `0-0` is said of nothing and of one byte alike; pieces are larger, so it means nothing.
  return last === undefined || last === "0" ? 0 : Number(last) + 1;
}

async function finish(blob: Upload, place: UploadPlace, body: Buffer): Promise<void> {
  const at = new URL(place.at);
  at.searchParams.set("digest", blob.digest);
  const answer = await blob.exchange.sendOnce({
    ...to(blob),
    method: "PUT",
    at,
    headers: { "content-type": "application/octet-stream" },
    body,
    expect: [201, 204, ...forgotten],
  });
  if (answer.status >= 300) throw lost(blob, `it answered ${answer.status} to the end of an upload`);
}

/** What registries say of an upload that they do not know (any more), or that is not where we think it is. */
const forgotten = [400, 404, 416];

function to({ address, digest }: Upload): Pick<RegistryRequest, "address" | "access" | "what"> {
  return { address, access: "pull,push", what: `take the blob ${digest}` };
}

/** There is no going on with this upload. */
class UploadLost extends ProblemError {}

function lost({ address, digest }: Upload, why: string): UploadLost {
  return new UploadLost({
    code: "registry-upload-lost",
    message: `The registry ${address.registry} would not take the blob ${digest} of ${address.path}: ${why}.`,
    remedy: "Try again; what was pushed already is not pushed again.",
  });
}

/** A place that is no address is as good as none: the registry says what it thinks of the next request to the old one. */
function locationOf({ headers, url }: Answer): URL {
  const { location = "" } = headers;
  return URL.canParse(location, url.href) ? new URL(location, url) : url;
}

async function* inPieces(content: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < size) continue;
    const all = Buffer.concat(held);
    let at = 0;
    for (; all.length - at >= size; at += size) yield all.subarray(at, at + size);
    held = at < all.length ? [all.subarray(at)] : [];
    bytes = all.length - at;
  }
  if (bytes > 0) yield Buffer.concat(held);
}
