/** Sockets that the program is started with. */

import { closeFd, duplicate } from "../../ffi/socket.ts";
import { addressOfListener } from "../net/adopt.ts";

/** The first descriptor that systemd passes. */
const LISTEN_FDS_START = 3;

/**
 * The descriptors of the sockets that systemd, or who does as it does, has passed to this process: sd_listen_fds(3).
 * Without the permission for LISTEN_FDS and LISTEN_PID there are none.
 */
function socketsOfSystemd(): number[] {
  const get = (variable: string): string | undefined => {
    const { state } = Deno.permissions.querySync({ name: "env", variable });
    return state === "granted" ? Deno.env.get(variable) : undefined;
  };
  if (get("LISTEN_PID") !== `${Deno.pid}`) return [];
  const [count = "0"] = /^\d{1,4}$/.exec(get("LISTEN_FDS") ?? "") ?? [];
  return Array.from({ length: Number(count) }, (_, i) => LISTEN_FDS_START + i);
}

/** The sockets that a program is started with. */
export class PassedSockets {
  readonly #fds: readonly number[];

  /** @param fds Those that the command line names; if there are none, those of systemd are meant. */
  constructor(fds: readonly number[]) {
    this.#fds = fds.length > 0 ? fds : socketsOfSystemd();
  }

  /** Whether there are any. */
  get areThere(): boolean {
    return this.#fds.length > 0;
  }

  /** Copies of them, for a server to take over. What is no such socket is told by its own number. */
  copies(): number[] {
    this.#fds.forEach(addressOfListener);
    return this.#fds.map(duplicate);
  }

  /** Leaves them to the copies. */
  close(): void {
    this.#fds.forEach(closeFd);
  }
}
