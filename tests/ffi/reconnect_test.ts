import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { disconnect, reconnect, Waypoint } from "../../ffi/reconnect.ts";
import { socketFd } from "../../mod.ts";

for (const like of ["127.0.0.1", "::1"]) {
  Deno.test(`a waypoint of ${like} finds the socket that is sent there, and none that was there before`, async () => {
    using waypoint = new Waypoint(like);
    waypoint.listen();
    const to = { hostname: waypoint.hostname, port: waypoint.port };
    assertEquals(to.hostname, like);
    using old = await Deno.connect(to);
    assertEquals(waypoint.find(() => {}), undefined);
    let opening: Promise<Deno.TcpConn> | undefined;
    const fd = waypoint.find(() => opening = Deno.connect(to));
    using fresh = await opening!;
    assertEquals(fd, socketFd(fresh));
    assertNotEquals(fd, socketFd(old));
  });

  Deno.test(`a waypoint of ${like} refuses, and its port is nobody else's until it is disposed of`, async () => {
    const waypoint = new Waypoint(like);
    const { hostname, port } = waypoint;
    await assertRejects(() => Deno.connect({ hostname, port }), Deno.errors.ConnectionRefused);
    await assertRejects(async () => await Deno.listen({ hostname, port }), Deno.errors.AddrInUse);
    waypoint[Symbol.dispose]();
    Deno.listen({ hostname, port }).close();
  });
}

Deno.test("a connection that is taken back is reset, and may go elsewhere", async () => {
  using first = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using second = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: first.addr.port });
  using left = await first.accept();
  const fd = socketFd(conn);
  let prepared = 0;
  const prepare = (given: number): void => {
    prepared = given;
  };
  assertEquals(reconnect(fd, { remote: second.addr, local: undefined, prepare }), "connecting");
  assertEquals(prepared, fd);
  await assertRejects(() => left.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  using met = await second.accept();
  await conn.write(new Uint8Array(5));
  assertEquals(await met.read(new Uint8Array(9)), 5);
  disconnect(fd);
  await assertRejects(() => met.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  assert(socketFd(conn) === fd);
});
