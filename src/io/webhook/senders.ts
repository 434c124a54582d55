import { isIPv6 } from "node:net";
import { allowance } from "./allowance.ts";

/** What is kept of an address that has sent something. */
interface Sender {
  /** Takes one of the forgeries that it may still send; false when there is none left. */
  readonly mayFail: () => boolean;
  isLoud: boolean;
  /** When it last proved a push, in the clock's milliseconds. */
  provedMs: number | undefined;
}

/** An address that proved a push within this time may be a proxy of many: what others send through it is no reason to refuse it. */
const trustedMs = 24 * 60 * 60 * 1000;
const failures = { burst: 30, perSecond: 1 };
const remembered = 10_000;

/**
 * Who may be heard: each address by what it sent itself, so that one that guesses does not keep out the forge. Only what is not
 * proved counts against an address, and nothing does for one by which the forge was heard.
 */
export class Senders {
  readonly #now: () => number;
  readonly #known = new Map<string, Sender>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** False for an address that has sent too many forgeries lately. */
  mayTry(address: string): boolean {
    const sender = this.#known.get(keyOf(address));
    if (sender === undefined || this.#isTrusted(sender)) return true;
    if (sender.isLoud) sender.isLoud = !sender.mayFail();
    return !sender.isLoud;
  }

  /** The address sent something that proves nothing. */
  failed(address: string): void {
    const sender = this.#take(address);
    if (!this.#isTrusted(sender)) sender.isLoud = !sender.mayFail();
  }

  /** The address proved a push. */
  proved(address: string): void {
    const sender = this.#take(address);
    sender.isLoud = false;
    sender.provedMs = this.#now();
  }

  #isTrusted({ provedMs }: Sender): boolean {
    return provedMs !== undefined && this.#now() - provedMs < trustedMs;
  }

  #take(address: string): Sender {
    const key = keyOf(address);
    const sender = this.#known.get(key) ?? {
      mayFail: allowance({ ...failures, now: this.#now }),
      isLoud: false,
      provedMs: undefined,
    };
    this.#known.delete(key);
    this.#known.set(key, sender);
    // Of very many those that proved nothing are forgotten first.
    if (this.#known.size > remembered) this.#forget();
    return sender;
  }

  #forget(): void {
    for (const [key, sender] of this.#known) {
      if (this.#isTrusted(sender)) continue;
      this.#known.delete(key);
      return;
    }
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

/** Whoever has one address of IPv6 has the whole network of 64 bits that it is in. */
function keyOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "");
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("%")[0]?.split("::") ?? [];
  const groups = head.split(":").filter((group) => group !== "");
  const after = tail?.split(":").filter((group) => group !== "") ?? [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  return [...groups, ...Array<string>(zeros).fill("0"), ...after].slice(0, 4).join(":");
}
