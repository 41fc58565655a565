/** Which sockets are meant. */

import type { SocketDescription } from "../../ffi/describe_socket.ts";
import type { Subnet } from "../net/subnet.ts";

/** What a socket must be; what is absent may be anything. */
export interface Selection {
  /** Its descriptor. */
  readonly fd?: number | undefined;
  /** A port of its own, or of its peer. */
  readonly port?: number | undefined;
  /** Where its peer is. */
  readonly peer?: Subnet | undefined;
  /** Its state. */
  readonly state?: string | undefined;
}

/** Whether a socket is meant. */
export function isSelected(
  { fd, local, remote, state }: SocketDescription & { readonly fd: number },
  selection: Selection,
): boolean {
  if (selection.fd !== undefined && selection.fd !== fd) return false;
  if (selection.state !== undefined && selection.state !== state) return false;
  const { port, peer } = selection;
  if (port !== undefined && portOf(local) !== port && portOf(remote) !== port) return false;
  if (peer === undefined) return true;
  return remote !== undefined && "hostname" in remote && peer.has(remote.hostname);
}

function portOf(addr: Deno.Addr | undefined): number | undefined {
  return addr !== undefined && "port" in addr ? addr.port : undefined;
}
