import { hexOf, measure } from "../content.ts";
import type { PushProgress, Registry } from "../registry.ts";
import { addressOf } from "./address.ts";
import { download } from "./download.ts";
import type { Exchange } from "./exchange.ts";
import { Turns } from "./turns.ts";
import { cancelUpload, upload } from "./upload.ts";

/** So many blobs are pushed at once; each holds one piece in memory. */
const uploadsAtOnce = 3;

interface BlobOptions {
  readonly exchange: Exchange;
  /** Larger blobs are pushed in pieces of this many bytes. */
  readonly pieceBytes: number;
  readonly onProgress: (progress: PushProgress) => void;
}

/** What registries on the network do with blobs. */
export function networkBlobs({
  exchange,
  pieceBytes,
  onProgress,
}: BlobOptions): Pick<Registry, "hasBlob" | "readBlob" | "putBlob" | "mount"> {
  const uploads = new Turns(uploadsAtOnce);

  const hasBlob = async (repository: string, digest: string): Promise<boolean> => {
    hexOf(digest);
    const { status } = await exchange.send({
      method: "HEAD",
      address: addressOf(repository),
      at: `blobs/${digest}`,
      access: "pull",
      expect: [200, 404],
      what: `show what ${repository} has`,
    });
    return status === 200;
  };

  return {
    hasBlob,
    readBlob: (repository, digest) => {
      hexOf(digest);
      return download(exchange, addressOf(repository), digest);
    },
    putBlob: async (repository, content, known) => {
      const address = addressOf(repository);
      const measured = known ?? (await measure(content));
      const isThere = (): Promise<boolean> => hasBlob(repository, measured.digest);
      if (await isThere()) return { ...measured, pushedBytes: 0 };
      const onSent = (sent: number): void => onProgress({ ...measured, repository, sent });
      await uploads.take(() => upload({ ...measured, exchange, address, content, pieceBytes, isThere, onSent }));
      return { ...measured, pushedBytes: measured.size };
    },
    mount: async (repository, digest, from) => {
      if (await hasBlob(repository, digest)) return true;
      const [address, other] = [addressOf(repository), addressOf(from)];
      if (address.host !== other.host || address.path === other.path) return false;
      const query = new URLSearchParams({ mount: digest, from: other.path });
      const answer = await exchange.send({
        method: "POST",
        address,
        from: other,
        at: `blobs/uploads/?${query.toString()}`,
        access: "pull,push",
        headers: { "content-length": "0" },
        // Some refuse where others begin an upload in place of a mount.
        expect: [201, 202, 400, 401, 403, 404, 405],
        what: "mount a blob",
      });
      const { location } = answer.headers;
      if (answer.status === 202 && location !== undefined && URL.canParse(location, answer.url.href)) {
        await cancelUpload(exchange, address, new URL(location, answer.url));
      }
      return answer.status === 201;
    },
  };
}
