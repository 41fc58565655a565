/**
 * What Deno keeps in symbols of its objects. All of it is internal to Deno and may be missing: each function says so
 * then, and its callers have a way without.
 *
 * @module
 */

/** The symbols under which Deno keeps its own properties, by their name. */
const symbols: { fd?: symbol; rid?: symbol } = {};

function internal(socket: object, name: "fd" | "rid"): number | undefined {
  const symbol = symbols[name] ??= Object.getOwnPropertySymbols(socket).find(({ description }) =>
    description === `Deno.internal.${name}`
  );
  if (symbol === undefined) return undefined;
  return (socket as Record<symbol, number | undefined>)[symbol];
}

/** The descriptor that Deno notes on a connection that was accepted; `undefined` for all others. */
export function notedFd(socket: object): number | undefined {
  return internal(socket, "fd");
}

/** Deno's own number for an open socket, which is never given twice. */
export function resourceId(socket: object): number | undefined {
  return internal(socket, "rid");
}

/** What is used of Deno's core. */
interface Core {
  writeSync?(resource: number, data: Uint8Array): number;
}

const nothing = new Uint8Array(0);

/**
 * Whether Deno still has a socket open; `undefined` where it does not tell (datagram sockets, sockets of Node.js).
 *
 * It is asked to write nothing at once: a socket that is open does not do that, and one that is closed is unknown.
 */
export function isOpen(socket: object): boolean | undefined {
  const { internal } = Deno as unknown as { internal: keyof typeof Deno };
  const write = (Deno[internal] as { core?: Core } | undefined)?.core?.writeSync;
  const resource = resourceId(socket);
  if (write === undefined || resource === undefined) return undefined;
  return isKnown(() => write(resource, nothing));
}

/** Whether Deno still knows the socket of a call: no other failure says that it is closed. */
export function isKnown(ask: () => unknown): boolean {
  try {
    ask();
  } catch (error) {
    return !(error instanceof Deno.errors.BadResource);
  }
  return true;
}
