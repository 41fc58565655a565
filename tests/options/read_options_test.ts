import {
  assert,
  assertEquals,
  assertObjectMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as sockopt from "../../mod.ts";
import {
  assertOption,
  codecs,
  defineOption,
  getOption,
  readOptions,
  setOption,
  SocketError,
  supportedOptions,
  TCP_INFO,
} from "../../mod.ts";
import { OPTION_TABLE } from "../../ffi/option_table.ts";
import { connectTo, run, testWith, withProgram } from "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };

testWith(
  "unstable net",
  "readOptions() gives what each kind of socket has, and nothing else",
  async () => {
    using listener = Deno.listen(local);
    using client = await connectTo(listener);
    const udp = Deno.listenDatagram({ transport: "udp", ...local });
    using unix = Deno.listen({ transport: "unix", path: `${await Deno.makeTempDir()}/socket` });

    const tcp = readOptions(client);
    assertEquals(tcp.TCP_NODELAY, false);
    assertEquals(tcp.SO_TYPE, "stream");
    assertEquals((tcp.TCP_INFO as sockopt.TcpInfo).state, "established");
    assertEquals(Object.keys(tcp).filter((name) => /^(IPV6|UDP)_/.test(name)), []);
    assertEquals(readOptions(listener).SO_ACCEPTCONN, true);

    const datagram = readOptions(udp);
    assertEquals(datagram.UDP_SEGMENT, 0);
    assertEquals(datagram.IP_TTL, 64);
    assertEquals(Object.keys(datagram).filter((name) => /^(IPV6|TCP)_/.test(name)), []);
    udp.close();

    assertEquals(Object.keys(readOptions(unix)).filter((name) => !name.startsWith("SO_")), []);
  },
);

Deno.test("readOptions() changes nothing: SO_ERROR stays to be read", () => {
  using listener = Deno.listen(local);
  for (const name of ["SO_ERROR", "SO_PEERPIDFD", "TCP_SAVED_SYN"]) {
    assert(!(name in readOptions(listener)), name);
    assert(supportedOptions().some((option) => option.name === name), name);
  }
});

Deno.test("supportedOptions() lists the table, without what the platform lacks", () => {
  const names = supportedOptions().map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  assert(names.length > 200);
  assert(!names.includes("SO_NREAD"), "an option of macOS");
});

Deno.test("every option of the table is exported under its own name", () => {
  for (const option of OPTION_TABLE) {
    assertStrictEquals((sockopt as Record<string, unknown>)[option.name], option);
  }
});

Deno.test("an option that the platform lacks throws when it is used", () => {
  using listener = Deno.listen(local);
  assertObjectMatch(assertThrows(() => getOption(listener, sockopt.SO_NREAD), SocketError), {
    code: "ENOPROTOOPT",
    message: "getsockopt SO_NREAD: Linux does not have this option (ENOPROTOOPT)",
  });
});

testWith(
  Deno.uid() === 0 ? "setpriv" : [],
  "a set that takes a capability says which",
  async () => {
    const program = `
    import { setOption, SO_MARK } from "${new URL("../../mod.ts", import.meta.url)}";
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try { setOption(listener, SO_MARK, 1); } catch (error) { console.log(error.message); }`;
    const asNobody = await withProgram(program, (file) => {
      const args = ["run", "--allow-net", "--allow-ffi", "--no-lock", file];
      return Deno.uid() === 0
        ? run("setpriv", [
          "--bounding-set=-all",
          "--inh-caps=-all",
          "--securebits=+noroot",
          Deno.execPath(),
          ...args,
        ])
        : run(Deno.execPath(), args);
    });
    assertEquals(
      asNobody.stdout,
      "setsockopt SO_MARK: not permitted, it takes CAP_NET_ADMIN or CAP_NET_RAW (EPERM)\n",
      asNobody.stderr,
    );
  },
);

Deno.test("defineOption() makes an option that every function takes", async () => {
  const MY_TTL = defineOption({
    name: "MY_TTL",
    level: "IPPROTO_IP",
    optname: 2,
    codec: codecs.int,
    access: "read-write",
  });
  using listener = Deno.listen(local);
  setOption(listener, MY_TTL, 77);
  assertOption(listener, sockopt.IP_TTL, 77);
  assertEquals(getOption(listener, MY_TTL), 77);
  using other = sockopt.listen({ ...local, settings: { options: [[MY_TTL, 55]] } });
  using _client = await connectTo(other);
  using conn = await other.accept();
  assertOption(conn, MY_TTL, 55);

  const MY_STATE = defineOption({
    name: "MY_STATE",
    level: 6,
    optname: 11,
    codec: codecs.bytes(1),
    access: "read-only",
  });
  assertEquals(getOption(listener, MY_STATE), new Uint8Array([10]));
  // @ts-expect-error: it can only be read
  assertThrows(() => setOption(listener, MY_STATE, new Uint8Array([1])));
});

testWith("ss", "TCP_INFO says what ss says of a live connection", async () => {
  using listener = Deno.listen(local);
  using client = await connectTo(listener);
  using conn = await listener.accept();
  const message = new Uint8Array(10_000);
  for (let n = 0; n < message.length;) n += await client.write(message.subarray(n));
  for (let n = 0; n < message.length;) n += (await conn.read(message))!;
  const { stdout } = await run("ss", [
    "-Htin",
    "src",
    `127.0.0.1:${client.localAddr.port}`,
  ]);
  const info = getOption(client, TCP_INFO);
  const field = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1]);
  assertEquals(info.sndWscale, field(/wscale:(\d+),/));
  assertEquals(info.rcvWscale, field(/wscale:\d+,(\d+)/));
  assertEquals(info.rto / 1000, field(/rto:([\d.]+)/));
  assertEquals(info.rtt / 1000, field(/ rtt:([\d.]+)/));
  assertEquals(info.rttvar / 1000, field(/ rtt:[\d.]+\/([\d.]+)/));
  assertEquals(info.sndMss, field(/ mss:(\d+)/));
  assertEquals(info.pmtu, field(/pmtu:(\d+)/));
  assertEquals(info.rcvMss, field(/rcvmss:(\d+)/));
  assertEquals(info.advmss, field(/advmss:(\d+)/));
  assertEquals(info.sndCwnd, field(/cwnd:(\d+)/));
  assertEquals(Number(info.bytesSent), field(/bytes_sent:(\d+)/));
  assertEquals(Number(info.bytesAcked), field(/bytes_acked:(\d+)/));
  assertEquals(info.segsOut, field(/segs_out:(\d+)/));
  assertEquals(info.segsIn, field(/segs_in:(\d+)/));
  assertEquals(info.dataSegsOut, field(/data_segs_out:(\d+)/));
  assertEquals(info.delivered, field(/delivered:(\d+)/));
  assertEquals(info.rcvSpace, field(/rcv_space:(\d+)/));
  assertEquals(info.rcvSsthresh, field(/rcv_ssthresh:(\d+)/));
  assertEquals(info.minRtt! / 1000, field(/minrtt:([\d.]+)/));
  assertEquals(Math.round(Number(info.pacingRate) * 8), field(/pacing_rate (\d+)bps/));
  assertEquals(Math.round(Number(info.deliveryRate) * 8), field(/delivery_rate (\d+)bps/));
  // what the kernel returned, it returned with all its fields
  assertEquals(typeof info.totalRtoTime, "number");
});
