/** What the options of a socket are, and which of them its program has set. */

import {
  inNetworkOf,
  networkOf,
  type SocketKind,
  socketKind,
  withFreshSockets,
} from "../../ffi/fresh_socket.ts";
import { SO_BUF_LOCK } from "../../ffi/options/socket.ts";
import { tryReadOption } from "../../ffi/socket.ts";
import type { ReadableOption } from "../../ffi/socket_option.ts";
import { isEqual } from "../options/assert_option.ts";
import { READABLE_OPTIONS } from "../options/read_options.ts";

/** The options of a socket. */
export interface OptionsRead {
  /** The value of each option that it has, by its name. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What a fresh socket of the same kind has. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** The options that differ from it, and that the kernel does not change by itself. */
  readonly changed: readonly string[];
  /** Whether the fresh socket is one of another network namespace, whose defaults may be others. */
  readonly foreignDefaults: boolean;
}

/** Values of one fresh socket. */
type Values = Readonly<Record<string, unknown>>;

/** Values of fresh sockets of one kind. */
interface Fresh {
  /** None where it could not be made; of a connection, of both its ends. */
  readonly each: readonly Values[];
  /** Whether they are of another network namespace than what they are compared with. */
  readonly foreign: boolean;
}

/** Reads options, and knows what fresh sockets have. */
export class OptionReader {
  readonly #options: readonly ReadableOption<unknown>[];
  readonly #fresh = new Map<string, Fresh>();

  /** @param names Which options; all by default. */
  constructor(names?: ReadonlySet<string>) {
    this.#options = names === undefined
      ? READABLE_OPTIONS
      : READABLE_OPTIONS.filter(({ name }) => names.has(name));
  }

  /**
   * Reads the options of a socket.
   *
   * @param fd Its descriptor, or a copy of it.
   * @param pid Its process.
   */
  read(fd: number, pid: number): OptionsRead {
    const options = this.#valuesOf(fd);
    const kind = socketKind(fd);
    if (kind === undefined) return { options, defaults: {}, changed: [], foreignDefaults: false };
    const { each, foreign } = this.#freshOf(kind, networkOf(fd), pid);
    const locked = tryReadOption(fd, SO_BUF_LOCK) ?? [];
    const changed = this.#options.filter((option) => {
      const { name, access, lapses, onConnection, tuned, bindsToLink } = option;
      if (!(name in options) || access !== "read-write" || lapses) return false;
      if (onConnection !== undefined && kind.use === "connection") return false;
      if (bindsToLink && kind.isOfOneLink) return false;
      if (tuned !== undefined && !(tuned !== true && locked.includes(tuned))) return false;
      const fresh = each.filter((values) => name in values);
      return fresh.length > 0 && !fresh.some((values) => isEqual(values[name], options[name]));
    });
    // what only tells of a socket has no default
    const defaults = this.#options.filter(({ access, tuned }) =>
      access === "read-write" && tuned !== true
    ).flatMap(({ name }) =>
      each[0] !== undefined && name in each[0] ? [[name, each[0][name]]] : []
    );
    return {
      options,
      defaults: Object.fromEntries(defaults),
      changed: changed.map(({ name }) => name),
      foreignDefaults: foreign,
    };
  }

  #valuesOf(fd: number): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const option of this.#options) {
      const value = tryReadOption(fd, option);
      if (value !== undefined) values[option.name] = value;
    }
    return values;
  }

  #freshOf(kind: SocketKind, network: bigint | undefined, pid: number): Fresh {
    const { domain, type, protocol, use, hasAddress } = kind;
    const key = `${domain} ${type} ${protocol} ${use} ${hasAddress} ${network}`;
    const known = this.#fresh.get(key);
    if (known !== undefined) return known;
    const make = (): Fresh =>
      withFreshSockets(kind, (fds) => ({
        each: fds.map((fd) => this.#valuesOf(fd)),
        foreign: fds[0] !== undefined && networkOf(fds[0]) !== network,
      }));
    let fresh = make();
    if (fresh.foreign) fresh = inNetworkOf(pid, make) ?? fresh;
    this.#fresh.set(key, fresh);
    return fresh;
  }
}
