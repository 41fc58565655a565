/**
 * @module
 */

/** What can be in a {@linkcode LinkedList}: in one at a time. */
export class Linked {
  /** The one before, and the one after; `undefined` while it is in no list. */
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
}

/**
 * A list whose items hold the links themselves. To add and to delete takes no memory and no hash of an object, of which
 * a `Set` makes one for each: that was a twentieth of what a short connection takes.
 */
export class LinkedList<T extends Linked> {
  readonly #end: Linked = new Linked();
  #size = 0;

  constructor() {
    this.#end.previous = this.#end.next = this.#end;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an item that is in no list. */
  add(item: T): void {
    const end = this.#end;
    const last = end.previous!;
    item.previous = last;
    item.next = end;
    last.next = end.previous = item;
    this.#size++;
  }

  /** Takes an item out; `false` where it is out already. */
  delete(item: T): boolean {
    const { previous, next } = item;
    if (previous === undefined || next === undefined) return false;
    previous.next = next;
    next.previous = previous;
    item.previous = item.next = undefined;
    this.#size--;
    return true;
  }

  /** All items that are there now, in the order in which they were added. */
  toArray(): T[] {
    const items: T[] = [];
    for (let item = this.#end.next!; item !== this.#end; item = item.next!) items.push(item as T);
    return items;
  }
}
