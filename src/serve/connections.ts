/** The open connections of a server. */

import type { Connection } from "./connection.ts";

/**
 * A set of connections, in the order in which they were added. They hold the links themselves, so that to add and to delete
 * takes no memory and no hash: with a `Set` a short connection takes a twentieth more.
 */
export class Connections {
  #first: Connection | undefined = undefined;
  #last: Connection | undefined = undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds one that is in no set. */
  add(connection: Connection): void {
    connection.previous = this.#last;
    if (this.#last === undefined) this.#first = connection;
    else this.#last.next = connection;
    this.#last = connection;
    this.#size++;
  }

  /** Takes one out; `false` where it is out already. */
  delete(connection: Connection): boolean {
    const { previous, next } = connection;
    if (previous === undefined && this.#first !== connection) return false;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    connection.previous = connection.next = undefined;
    this.#size--;
    return true;
  }

  /** All that are there now. */
  toArray(): Connection[] {
    const connections: Connection[] = [];
    for (let each = this.#first; each !== undefined; each = each.next) connections.push(each);
    return connections;
  }
}
