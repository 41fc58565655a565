/** How many connections each client has, and may have. */

import { clientOf } from "../net/subnet.ts";
import type { Connection } from "./connection.ts";

/** Refusals of one client no further apart than this, in milliseconds, are one episode, and one line in the log. */
const EPISODE = 10_000;

/** Counts the connections of each client. */
export class ClientLimit {
  readonly most: number;
  readonly #open = new Map<string, number>();
  /** When each client was last refused, the latest at the end. */
  readonly #refusals = new Map<string, number>();

  /** @param most How many one client may have open at once. */
  constructor(most: number) {
    this.most = most;
  }

  /** Counts a connection; where it is one too many, it says whether that is worth a line in the log. */
  add(connection: Connection): { isAdmitted: boolean; isNews: boolean } {
    if (this.most === Infinity) return ADMITTED;
    const client = clientOf(connection.remoteAddr.hostname);
    const open = this.#open.get(client) ?? 0;
    if (open >= this.most) return { isAdmitted: false, isNews: this.#isNews(client) };
    this.#open.set(client, open + 1);
    connection.client = client;
    return ADMITTED;
  }

  #isNews(client: string): boolean {
    const now = performance.now();
    for (const [each, time] of this.#refusals) {
      if (now - time <= EPISODE) break;
      this.#refusals.delete(each);
    }
    const isNews = !this.#refusals.delete(client);
    this.#refusals.set(client, now);
    return isNews;
  }

  /** A connection has ended. One that was not counted is no matter. */
  delete({ client }: Connection): void {
    if (client === undefined) return;
    const open = this.#open.get(client)! - 1;
    if (open === 0) this.#open.delete(client);
    else this.#open.set(client, open);
  }
}

const ADMITTED = { isAdmitted: true, isNews: false } as const;
