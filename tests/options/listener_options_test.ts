/** Every option that can be set on a listener: what its connections have of it, and that they are served. */

import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { OPTION_TABLE } from "../../ffi/option_table.ts";
import {
  type AnySocketOption,
  echoOnce,
  getOption,
  IPV6_V6ONLY,
  isSupported,
  listen,
  OptionAssertionError,
  type OptionSetting,
  type ReadableOption,
  serve,
  setOption,
  SO_BINDTODEVICE,
  SO_RCVBUF,
  SocketError,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_QUICKACK,
  type WritableOption,
} from "../../mod.ts";
import { bytes, connectTo, exchange, testWith } from "../helpers.ts";

type Settable = WritableOption<unknown> & ReadableOption<unknown>;

/** A destination options or hop-by-hop header with a padding option alone. */
const PADDING = new Uint8Array([0, 0, 1, 4, 0, 0, 0, 0]);

/** A value for each option that is no boolean, which is not its default. */
const VALUES: Record<string, unknown> = {
  SO_BINDTODEVICE: "lo",
  SO_BINDTOIFINDEX: 1,
  SO_BUF_LOCK: ["send", "receive"],
  SO_BUSY_POLL: 50,
  SO_INCOMING_CPU: 1,
  SO_LINGER: 5,
  SO_MARK: 7,
  SO_MAX_PACING_RATE: 2n ** 30n,
  SO_PEEK_OFF: 3,
  SO_PRIORITY: 5,
  SO_RCVBUF: 30_000,
  SO_RCVLOWAT: 20,
  SO_RCVTIMEO: 1500,
  SO_RCVTIMEO_NEW: 1500,
  SO_RESERVE_MEM: 4096,
  SO_SNDBUF: 30_000,
  SO_SNDTIMEO: 1500,
  SO_SNDTIMEO_NEW: 1500,
  SO_TIMESTAMPING: { flags: ["rxSoftware", "software"], phc: 0 },
  SO_TIMESTAMPING_NEW: { flags: ["rxSoftware", "software"], phc: 0 },
  SO_TXREHASH: 0,
  SO_TXTIME: { clock: "tai", deadline: true, reportErrors: true },
  TCP_AO_INFO: { required: false, acceptIcmps: true },
  TCP_AO_REPAIR: { sntIsn: 1, rcvIsn: 1, sndSne: 1, rcvSne: 1 },
  TCP_CONGESTION: "reno",
  TCP_DEFER_ACCEPT: 3,
  TCP_DELACK_MAX_US: 40_000,
  TCP_FASTOPEN: 16,
  TCP_FASTOPEN_KEY: new Uint8Array(16).fill(7),
  TCP_KEEPCNT: 4,
  TCP_KEEPIDLE: 33,
  TCP_KEEPINTVL: 5,
  TCP_LINGER2: 12,
  TCP_MAXSEG: 1000,
  TCP_NOTSENT_LOWAT: 16_384,
  TCP_QUEUE_SEQ: 5,
  TCP_REPAIR: "on",
  TCP_REPAIR_QUEUE: "send",
  TCP_REPAIR_WINDOW: { sndWl1: 1, sndWnd: 1, maxWindow: 1, rcvWnd: 1, rcvWup: 1 },
  TCP_RTO_MAX_MS: 5000,
  TCP_RTO_MIN_US: 40_000,
  TCP_SAVE_SYN: 1,
  TCP_SYNCNT: 2,
  TCP_TIMESTAMP: 5,
  TCP_TX_DELAY: 1000,
  TCP_ULP: "tls",
  TCP_USER_TIMEOUT: 9000,
  TCP_WINDOW_CLAMP: 20_000,
  IP_LOCAL_PORT_RANGE: { low: 40_000, high: 40_100 },
  IP_MINTTL: 60,
  IP_MTU_DISCOVER: "do",
  IP_MULTICAST_IF: "127.0.0.1",
  IP_MULTICAST_TTL: 9,
  IP_OPTIONS: new Uint8Array([1, 1, 1, 0]),
  IP_TOS: 0xb8,
  IP_TTL: 63,
  IP_UNICAST_IF: 1,
  IPV6_2292PKTOPTIONS: new Uint8Array(0),
  IPV6_ADDR_PREFERENCES: ["public", "home"],
  IPV6_ADDRFORM: "inet",
  IPV6_CHECKSUM: 2,
  IPV6_DSTOPTS: PADDING,
  IPV6_HOPOPTS: PADDING,
  IPV6_MINHOPCOUNT: 60,
  IPV6_MTU: 1300,
  IPV6_MTU_DISCOVER: "do",
  IPV6_MULTICAST_HOPS: 9,
  IPV6_MULTICAST_IF: 1,
  IPV6_ROUTER_ALERT: 5,
  IPV6_RTHDRDSTOPTS: PADDING,
  IPV6_TCLASS: 0xb8,
  IPV6_UNICAST_HOPS: 63,
  IPV6_UNICAST_IF: 1,
};

/** Every option that can be set and read, and of a socket of TCP of one family. */
const SETTABLE = OPTION_TABLE.filter((option): option is AnySocketOption & Settable =>
  option.access === "read-write" && isSupported(option) &&
  // with a routing header nothing arrives over loopback
  !/^(IPV6_RTHDR|UDP_|SO_VM_)/.test(option.name)
);

function hostOf({ level }: AnySocketOption): string {
  return level === IPV6_V6ONLY.level ? "::1" : "127.0.0.1";
}

/** Sets another value than the default; `undefined` where a listener of TCP does not take it. */
function trySet(socket: Deno.Listener, option: Settable): { value: unknown } | undefined {
  try {
    const value = VALUES[option.name] ?? !getOption(socket, option);
    setOption(socket, option, value);
    return { value };
  } catch (error) {
    if (error instanceof SocketError) return undefined;
    throw error;
  }
}

testWith(
  "root",
  "a connection inherits what its listener has, or the table says otherwise",
  async (t) => {
    for (const option of SETTABLE) {
      await t.step(option.name, async () => {
        using listener = Deno.listen({ hostname: hostOf(option), port: 0 });
        if (trySet(listener, option) === undefined) return;
        if (option.onConnection !== undefined || option.listenerOnly === true) return;
        using client = await connectTo(listener);
        await client.write(bytes("for those that wait for data"));
        using conn = await listener.accept();
        const [has, expected] = [getOption(conn, option), getOption(listener, option)];
        if (option.inherited === false) assertNotEquals(has, expected);
        else assertEquals(has, expected);
      });
    }
  },
);

testWith("root", "whatever is set on a listener, it is served or refused at start", async (t) => {
  const served: string[] = [];
  for (const option of SETTABLE) {
    await t.step(option.name, async () => {
      using probe = Deno.listen({ hostname: hostOf(option), port: 0 });
      const set = trySet(probe, option);
      const start = () =>
        serve({
          hostname: hostOf(option),
          port: 0,
          settings: { options: [[option, set?.value ?? VALUES[option.name] ?? true] as never] },
        }, echoOnce());
      // a server sets before bind what a listener that is bound does not take
      if (set === undefined && option.setBefore !== "bind") {
        assertThrows(start, SocketError);
        return;
      }
      await using server = start();
      using client = await connectTo(server);
      const message = bytes("as long as it takes to be served");
      assertEquals(await exchange(client, message), new Uint8Array(message));
      served.push(option.name);
    });
  }
  assert(served.length > 80, `${served.length}`);
});

testWith("root", "the options that were refused on every connection are served", async () => {
  for (
    const options of [
      [[SO_BINDTODEVICE, "lo"]],
      [[TCP_MAXSEG, 1000]],
      [[TCP_QUICKACK, true], [TCP_QUICKACK, false]],
      [[TCP_NODELAY, false], [TCP_NODELAY, true]],
    ] satisfies OptionSetting[][]
  ) {
    await using server = serve(
      { hostname: "127.0.0.1", port: 0, settings: { options } },
      echoOnce(),
    );
    using client = await connectTo(server);
    assertEquals(await exchange(client, bytes("here")), new Uint8Array(bytes("here")));
  }
});

Deno.test("a buffer that reads back as it was asked for was capped at half of it", () => {
  using probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  setOption(probe, SO_RCVBUF, 2 ** 30);
  const max = getOption(probe, SO_RCVBUF) / 2;
  const receiveBufferSize = 2 * max;
  assertMatch(
    assertThrows(
      () =>
        listen({ hostname: "127.0.0.1", port: 0, settings: { receiveBufferSize }, strict: true }),
      OptionAssertionError,
    ).message,
    new RegExp(`capped at ${max} by net.core.rmem_max`),
  );
  listen({
    hostname: "127.0.0.1",
    port: 0,
    settings: { receiveBufferSize: max },
    strict: true,
  }).close();
});
