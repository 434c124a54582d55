import { createHash } from "node:crypto";
import { ProblemError } from "../../../model/problem.ts";
import type { Address } from "./address.ts";
import type { Exchange } from "./exchange.ts";
import { noAnswer } from "./passing.ts";

/**
 * A blob's bytes as they come. A download that breaks off goes on where it was; the digest is that of all bytes, and the
 * stream ends with `blob-damaged` when it is another, so that nobody who reads to the end has taken them for the blob.
 */
export async function* download(exchange: Exchange, address: Address, digest: string): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let got = 0;
  for (let done = false; !done;) {
    const from = got;
    // With its first piece: a try that gave nothing new counts as one that failed.
    const { news, first } = await exchange.persist(async () => {
      const { message } = await openAt(exchange, address, digest, from);
      // A server that knows no ranges begins again.
      const opened = after(message, message.statusCode === 206 ? 0 : from);
      try {
        return { news: opened, first: await opened.next() };
      } catch (error) {
        throw noAnswer(address.host, `the blob ${digest} broke off after ${from} bytes`, error);
      }
    });
    try {
      for (let piece = first; piece.done !== true; piece = await next(news)) {
        hash.update(piece.value);
        got += piece.value.length;
        yield piece.value;
      }
      done = true;
    } catch (error) {
      if (!(error instanceof BrokenOff)) throw error;
    } finally {
      await news.return(undefined);
    }
  }
  if (`sha256:${hash.digest("hex")}` === digest) return;
  throw new ProblemError({
    code: "blob-damaged",
    message: `The registry ${address.registry} answered with other content for the blob ${digest} of ${address.path}.`,
    remedy: "See that no proxy changes what it passes on; then push the image again.",
  });
}

class BrokenOff extends Error {}

async function next(news: AsyncGenerator<Uint8Array, undefined>): Promise<IteratorResult<Uint8Array, undefined>> {
  try {
    return await news.next();
  } catch (error) {
    throw new BrokenOff("a download broke off", { cause: error });
  }
}

/** What comes after the first `count` bytes. */
async function* after(message: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array, undefined> {
  let skip = count;
  for await (const chunk of message) {
    const news = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - news.length;
    if (news.length > 0) yield news;
  }
  return undefined;
}

async function openAt(
  exchange: Exchange,
  address: Address,
  digest: string,
  from: number,
): Promise<Awaited<ReturnType<Exchange["open"]>>> {
  const opened = await exchange.open({
    method: "GET",
    address,
    at: `blobs/${digest}`,
    access: "pull",
    headers: from === 0 ? {} : { range: `bytes=${from}-` },
    expect: [200, 206, 404],
    what: `give the blob ${digest}`,
  });
  if (opened.message.statusCode !== 404) return opened;
  opened.message.resume();
  throw new ProblemError({
    code: "blob-missing",
    message: `The registry ${address.registry} holds nothing of ${address.path} with the digest ${digest}.`,
    remedy: "Push the image there first, or name a digest that it holds.",
  });
}
