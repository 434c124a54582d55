import { ApiError, type Client, type KubeObject, type ResourceName, type WatchEvent } from "../../cluster/client.ts";

/** Holds back what watches tell and what is written, so that the controllers go on one thing at a time as the replay lets them. */
export class Gate {
  readonly #held: (() => void)[] = [];
  #isOpen = false;
  #came: () => void = () => undefined;

  /** The same client, behind the gate. */
  guard(client: Client): Client {
    return {
      ...client,
      create: async (resource, object) => {
        await this.#turn();
        return client.create(resource, object);
      },
      update: async (resource, object) => {
        await this.#turn();
        return client.update(resource, object);
      },
      updateStatus: async (resource, object) => {
        await this.#turn();
        return client.updateStatus(resource, object);
      },
      mergePatch: async (resource, namespace, name, patch, subresource) => {
        await this.#turn();
        return client.mergePatch(resource, namespace, name, patch, subresource);
      },
      delete: async (resource, namespace, name, options) => {
        await this.#turn();
        return client.delete(resource, namespace, name, options);
      },
      as: (manager) => this.guard(client.as(manager)),
      watch: <T extends KubeObject>(resource: ResourceName, onEvent: (event: WatchEvent<T>) => void) =>
        client.watch<T>(resource, (event) => {
          if (this.#isOpen) onEvent(event);
          else this.#hold(() => onEvent(event));
        }),
    };
  }

  /** Lets the oldest thing pass that is held; false when there is none. */
  letOne(): boolean {
    const pass = this.#held.shift();
    try {
      pass?.();
    } catch (error) {
      // What is told late may be about a kind that is served no more.
      if (!(error instanceof ApiError)) throw error;
    }
    return pass !== undefined;
  }

  /** Lets everything pass while `during` runs. */
  async open(during: () => Promise<void>): Promise<void> {
    while (this.letOne());
    this.#isOpen = true;
    try {
      await during();
    } finally {
      this.#isOpen = false;
    }
  }

  /** Whether something is held, or comes to be within `ms` of real time. */
  comes(ms: number): Promise<boolean> {
    if (this.#held.length > 0 || ms === 0) return Promise.resolve(this.#held.length > 0);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.#came = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  #hold(pass: () => void): void {
    this.#held.push(pass);
    this.#came();
  }

  #turn(): Promise<void> {
    if (this.#isOpen) return Promise.resolve();
    return new Promise((resolve) => this.#hold(resolve));
  }
}
