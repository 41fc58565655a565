/** The command line of server.ts. */

import type { Codec } from "../../ffi/codec.ts";
import { TCP_CONGESTION } from "../../ffi/options/tcp.ts";
import { isLinux } from "../../ffi/platform.ts";
import {
  type Flag,
  FlagTable,
  type FlagValues,
  many,
  on,
  one,
  text,
  toggle,
} from "../cli/flags.ts";
import { byteSize, INT_MAX, keepAlive, oneOf, seconds, wholeNumber } from "../cli/flag_values.ts";
import { parseOptionArgument } from "../cli/option_argument.ts";
import { UsageError } from "../cli/usage_error.ts";
import { LOG_LEVELS } from "../net/logger.ts";
import { Subnet } from "../net/subnet.ts";
import type { KeepAlive, OptionValue } from "../options/settings.ts";
import type { ProxyProtocolOptions } from "../serve/serve_options.ts";

/** The value of an option that is a text, as far as its length goes. */
function name({ codec }: { codec: Codec<string> }): (text: string) => string {
  const most = codec.size - 1; // C ends it with a NUL
  return (text) => {
    if (new TextEncoder().encode(text).length <= most) return text;
    throw new RangeError(`a name of at most ${most} bytes`);
  };
}

/** The balancers whose headers are believed. */
function proxySources(text: string): ProxyProtocolOptions {
  const from = text.split(",");
  try {
    for (const each of from) new Subnet(each);
  } catch {
    throw new RangeError("addresses or subnets with commas between them, such as 10.0.0.0/8,::1");
  }
  return { from };
}

// elsewhere Deno does not set SO_REUSEPORT, and the kernel has no TCP_QUICKACK

/** Every flag, in the groups of the help. */
const GROUPS = {
  "Where to listen": {
    "host": {
      ...many("ADDR", "address, * is all, repeatable (127.0.0.1)", text, ["127.0.0.1"]),
      mayBeEmpty: true,
    },
    "port": one("N", "port, 0 takes any that is free (8888)", wholeNumber(0, 65535), 8888),
    "fd": many("N", "take over a listening socket, such as 3", wholeNumber(0, INT_MAX), []),
    "backlog": one("N", "length of the accept queue (100)", wholeNumber(1, INT_MAX), 100),
    "reuse-port": toggle("share the port with other processes (on)", isLinux),
    "cert": one("FILE", "serve TLS: certificate, PEM", text),
    "key": one("FILE", "serve TLS: its key, PEM", text),
  },
  "Socket options": {
    "recv-buffer": one("BYTES", "SO_RCVBUF, such as 65536, 64k, 4m or 1g", byteSize),
    "send-buffer": one("BYTES", "SO_SNDBUF, such as 65536, 64k, 4m or 1g", byteSize),
    "quick-ack": toggle("TCP_QUICKACK: acknowledge at once (on)", isLinux),
    "nagle": toggle("gather small writes, no TCP_NODELAY (off)", false, "delay"),
    "keep-alive": {
      value: "[=IDLE,INTERVAL,COUNT]",
      help: "SO_KEEPALIVE (s, s, probes), or IDLE alone",
      default: undefined,
      bare: "on",
      parse: (text: string): KeepAlive | true => text === "on" || keepAlive(text),
    } satisfies Flag<KeepAlive | true | undefined> as Flag<KeepAlive | true | undefined>,
    "defer-accept": {
      value: "[=SECONDS]",
      help: "accept with the first data (mode once: 1)",
      default: undefined,
      bare: "1",
      negatable: true,
      parse: wholeNumber(1, INT_MAX, "seconds"),
    } satisfies Flag<number | false | undefined> as Flag<number | false | undefined>,
    "user-timeout": one(
      "MS",
      "TCP_USER_TIMEOUT in milliseconds",
      wholeNumber(0, INT_MAX, "milliseconds"),
    ),
    "congestion": one("NAME", "TCP_CONGESTION, such as cubic", name(TCP_CONGESTION)),
    "option": many<OptionValue>(
      "NAME=VALUE",
      "any other, may be repeated",
      parseOptionArgument,
      [],
    ),
    "strict": on("what the kernel changes is an error"),
  },
  "Serving": {
    "mode": one(
      "MODE",
      "once: echo one read; stream: all (once)",
      oneOf(["once", "stream"]),
      "once",
    ),
    "workers": one("N", "threads on the port, 0: one a core (1)", wholeNumber(0, 1024), 1),
    "max-connections": one(
      "N",
      "open at once in a thread (no limit)",
      wholeNumber(1, INT_MAX),
      Infinity,
    ),
    "max-connections-per-client": one(
      "N",
      "of one address or IPv6 /64 (no limit)",
      wholeNumber(1, INT_MAX),
      Infinity,
    ),
    "proxy-protocol": {
      value: "[=ADDR,...]",
      help: "read the client from PROXY headers",
      default: false,
      bare: "all",
      parse: (text: string): true | ProxyProtocolOptions => text === "all" || proxySources(text),
    } satisfies Flag<boolean | ProxyProtocolOptions> as Flag<boolean | ProxyProtocolOptions>,
    "idle-timeout": one("SECONDS", "close idle connections (never)", seconds, Infinity),
  },
  "Output": {
    "log-level": one("LEVEL", "debug, info, warn or error (info)", oneOf(LOG_LEVELS), "info"),
    "log-format": one("FORMAT", "text or json (text)", oneOf(["text", "json"]), "text"),
    "check": on("show what the kernel makes of the options"),
    "json": on("with --check: as JSON"),
    "version": on("print the version"),
    "help": on("print this help", "h"),
  },
} as const;

const TABLE = new FlagTable(GROUPS);

/** The value of every flag, by its name. */
export type CommandLine = FlagValues<typeof GROUPS> & {
  /** Whether it says anything of socket options. */
  asksForOptions: boolean;
};

const OPTION_FLAGS = [...Object.keys(GROUPS["Socket options"]), "backlog", "reuse-port"];

/**
 * Parses a command line.
 *
 * @throws {UsageError} One line that names what is wrong and what is allowed.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, given } = TABLE.parse(args);
  for (const [one, other] of [["cert", "key"], ["key", "cert"], ["json", "check"]] as const) {
    if (given.includes(one) && !given.includes(other)) {
      throw new UsageError(`--${one} goes with --${other}`);
    }
  }
  if (given.includes("proxy-protocol") && given.includes("cert")) {
    throw new UsageError(
      "--proxy-protocol does not go with --cert: Deno begins TLS with the first byte; let the balancer end TLS",
    );
  }
  for (const name of ["host", "port", "backlog", "reuse-port", "check"]) {
    if (given.includes("fd") && given.includes(name)) {
      throw new UsageError(`--fd goes without --${name}: the socket listens already`);
    }
  }
  return { ...values, asksForOptions: OPTION_FLAGS.some((name) => given.includes(name)) };
}

/**
 * The help: a line for each flag.
 *
 * @param program The name that the program was started by.
 */
export function helpText(program: string): string {
  return [
    "A TCP echo server that applies and asserts socket options on every connection.",
    "",
    `Usage: ${program} [FLAG]...`,
    ...TABLE.help(),
  ].join("\n");
}
