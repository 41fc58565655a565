/** Kernels and sandboxes that do not have what the server likes to use: it does without, and says so once. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { bytes, exchange, ROOT, run, serverArgs, ServerProcess, testWith } from "../helpers.ts";

/** getsockopt(2) or setsockopt(2), and the level and number of the option that is refused. */
const REFUSED: Record<string, [call: string, level: number, optname: number]> = {
  "TCP_INFO": ["get", 6, 11],
  "SO_COOKIE": ["get", 1, 57],
  "setting TCP_QUICKACK": ["set", 6, 12],
  "reading TCP_QUICKACK": ["get", 6, 12],
  "setting TCP_DEFER_ACCEPT": ["set", 6, 9],
};

const ENOPROTOOPT = "92";

for (const [what, refused] of Object.entries(REFUSED)) {
  testWith(["Linux", "cc"], `without ${what} the server serves, in both modes`, async () => {
    const folder = await Deno.makeTempDir();
    const program = `${folder}/refuse`;
    const source = `${ROOT}tests/serve/refuse.c`;
    const { code, stderr } = await run("cc", ["-O2", "-o", program, source]);
    assertEquals(code, 0, stderr);
    const command = [program, ...refused.map(String), ENOPROTOOPT];
    {
      await using server = await ServerProcess.start([], command);
      assertEquals(await exchange(await server.connect(), bytes("hello")), bytes("hello"));
      assertEquals((await server.stop()).code, 0);
    }
    await using server = await ServerProcess.start(
      ["--mode", "stream", "--idle-timeout", "0.2"],
      command,
    );
    const conn = await server.connect();
    for (const size of [5, 5000]) {
      const message = new Uint8Array(size).fill(65);
      await conn.write(message);
      for (let n = 0; n < size;) {
        const read = await conn.read(message);
        assert(read !== null, "the server has closed the connection");
        n += read;
      }
    }
    // the time-out holds, by what the handler counts where the kernel does not tell
    assertEquals(await conn.read(new Uint8Array(1)), null);
    conn.close();
    assertEquals((await server.stop()).code, 0);
    const warnings = server.lines.filter(({ level }) => level === "warn" || level === "error");
    // nobody asked for TCP_DEFER_ACCEPT
    const expected = what.includes("DEFER")
      ? []
      : [what.includes("QUICKACK") ? /done without/ : /idleTimeout/];
    assertEquals(warnings.length, expected.length, JSON.stringify(warnings));
    for (const [i, text] of expected.entries()) assertMatch(warnings[i]!.message, text);
    await Deno.remove(folder, { recursive: true });
  });
}

/** Runs the program inside gVisor's kernel, with a client. */
const INSIDE = `
"$@" >out 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10; do
  sleep 0.5
  port=$(sed -n 's/.*Serving on 127.0.0.1:\\([0-9]*\\).*/\\1/p' out)
  [ -n "$port" ] && break
done
printf hello | nc -N 127.0.0.1 $port
kill -TERM $!
wait $!
echo " ended with $?"
cat out
`;

testWith(
  ["runsc", "root"],
  "under gVisor the server says which feature of Deno's sharing a port takes",
  async () => {
    const folder = await Deno.makeTempDir();
    const { stdout, stderr } = await run("runsc", [
      ...["--platform=ptrace", "--network=none", "--ignore-cgroups", "--root", folder],
      ...["do", "sh", "-c", '"$@" 2>&1; echo "ended with $?"', "inside"],
      ...[Deno.execPath(), ...serverArgs(["--port", "0"])],
    ]);
    const line = "sharing a port takes --unstable-net here, as this kernel binds no socket twice";
    assertEquals(stdout, `${line}\nended with 1\n`, stderr);
    await Deno.remove(folder, { recursive: true });
  },
);

testWith(
  ["runsc", "nc", "root"],
  "under gVisor the server serves, and says what it does without",
  async () => {
    const folder = await Deno.makeTempDir();
    const server = [
      ...[Deno.execPath(), "run", "--unstable-net"],
      ...serverArgs(["--port", "0", "--idle-timeout", "60"]).slice(1),
    ];
    const script = `cd ${folder}\n${INSIDE}`;
    const { stdout, stderr } = await run("runsc", [
      ...["--platform=ptrace", "--network=none", "--ignore-cgroups", "--root", folder],
      ...["do", "bash", "-c", script, "inside", ...server],
    ]);
    assertMatch(stdout, /^hello ended with 0\n/, stderr);
    assertMatch(stdout, / warn .*idleTimeout/);
    assertMatch(stdout, / info .*Stopped/);
    assert(!/ error |capped/.test(stdout), stdout);
    await Deno.remove(folder, { recursive: true });
  },
);
