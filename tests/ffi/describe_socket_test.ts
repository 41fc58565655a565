/** What descriptors tell of their sockets, beside what Python made of them. */

import { assertEquals } from "@std/assert";
import { describeSocket, queueLengths } from "../../ffi/describe_socket.ts";
import { OtherProcess } from "../../ffi/other_process.ts";
import { Target, testPeeking } from "../inspect/target.ts";

const SOCKETS = `
l, a, c = pair()
c.send(b"hello")
u = S.socketpair()
d = S.socket(S.AF_INET, S.SOCK_DGRAM); d.bind(("127.0.0.1", 0))
e = S.socket(S.AF_INET6, S.SOCK_DGRAM); e.connect(("::1", 9))
q = S.socketpair(S.AF_UNIX, S.SOCK_SEQPACKET)
g = S.socket(S.AF_UNIX, S.SOCK_DGRAM); g.bind("\\0inspect %d" % os.getpid())
n = S.socket(S.AF_NETLINK, S.SOCK_RAW)
s = S.socket()
r, w = os.pipe()
`;

testPeeking("a descriptor tells what its socket is", async () => {
  await using target = await Target.start(SOCKETS);
  const pid = await target.pid;
  using process = new OtherProcess(pid);
  const describe = async (name: string) =>
    process.borrow(await target.ask(`${name}.fileno()`) as number, (fd) => {
      const socket = describeSocket(fd)!;
      return { ...socket, ...queueLengths(fd, socket) };
    });
  const addr = async (expression: string): Promise<Deno.NetAddr> => {
    const [hostname, port] = await target.ask(expression) as [string, number];
    return { transport: "tcp", hostname, port };
  };

  assertEquals(await describe("l"), {
    kind: "tcp",
    local: await addr("l.getsockname()"),
    remote: undefined,
    state: "listen",
    receive: 0,
    send: 128,
  });
  const accepted = await describe("a");
  assertEquals(accepted, {
    kind: "tcp",
    local: await addr("a.getsockname()"),
    remote: await addr("a.getpeername()"),
    state: "established",
    receive: 5,
    send: 0,
  });
  const kinds: [name: string, kind: string, state: string][] = [
    ["u[0]", "unix", "connected"],
    ["d", "udp", "unconnected"],
    ["e", "udp", "connected"],
    ["q[0]", "unixseqpacket", "connected"],
    ["g", "unixpacket", "unconnected"],
    ["n", "netlink", "unconnected"],
    ["s", "tcp", "close"],
  ];
  for (const [name, kind, state] of kinds) {
    const socket = await describe(name);
    assertEquals([socket.kind, socket.state], [kind, state], name);
  }
  const abstract = (await describe("g")).local as Deno.UnixAddr;
  assertEquals(abstract.path, `\0inspect ${pid}`);
  assertEquals(process.borrow(await target.ask("r") as number, describeSocket), undefined);
});

testPeeking("while a copy is open the socket lives, and no longer", async () => {
  await using target = await Target.start("l, a, c = pair()");
  using process = new OtherProcess(await target.pid);
  const fd = await target.ask("a.fileno()") as number;
  process.borrow(fd, describeSocket);
  await target.ask("a.close()");
  // the FIN is there at once, as nothing else holds the socket
  assertEquals(await target.ask("len(c.recv(9))"), 0);
  const state = process.borrow(await target.ask("c.fileno()") as number, describeSocket)?.state;
  assertEquals(state, "close-wait");
});
