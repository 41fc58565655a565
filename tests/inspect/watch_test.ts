/** The live view, on a terminal and elsewhere. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Screen } from "./pty.ts";
import { inspectCommand, printed } from "./run_inspect.ts";
import { Target, testPeeking } from "./target.ts";

/** A connection that is held up by its peer's window, one that moves, and one that does nothing. */
const FLOWS = `
l, a, c = pair()
a.setblocking(False)
try:
    while True: a.send(bytes(65536))
except BlockingIOError: pass
m, d = l.getsockname(), None
d = S.create_connection(m); b = l.accept()[0]
def move():
    while True:
        b.sendall(bytes(50000)); d.recv(50000, S.MSG_WAITALL); time.sleep(0.01)
threading.Thread(target=move, daemon=True).start()
f = S.create_connection(m); e = l.accept()[0]
`;

/** The rows of a screen by their descriptors, as words. */
function rowsOf(screen: string): Map<number, string[]> {
  const rows = screen.split("\n").map((line) => line.trim().split(/ +/));
  return new Map(rows.filter(([fd]) => /^\d+$/.test(fd!)).map((row) => [Number(row[0]), row]));
}

testPeeking("the live view fits 80 columns, sorts, filters, pauses and leaves", async () => {
  await using target = await Target.start(FLOWS);
  const pid = await target.pid;
  const [a, b, e] = await target.ask("[a.fileno(), b.fileno(), e.fileno()]") as number[];
  const command = inspectCommand(pid, "--watch", "--interval", "0.2", "--sort", "curve");
  await using screen = await Screen.start(command, 80, 15);

  const first = await screen.shows(/[▂▃▄▅▆▇█]{4}/);
  const lines = first.split("\n");
  assertEquals(lines.length, 15);
  for (const line of lines) assert(line.length <= 80, line);
  assertMatch(lines[0]!, new RegExp(`^python\\S* ${pid}, 6 connections, by curve$`));
  assertMatch(lines[1]!, /^ *fd peer +state +rtt retr rate curve +infl sndq rcvq idle cwnd limit$/);
  assertMatch(lines[14]!, /^q quit +p pause/);
  const rows = rowsOf(first);
  // what moves is above what does not
  const order = [...rows.keys()];
  assert(order.indexOf(b!) < order.indexOf(a!) && order.indexOf(b!) < order.indexOf(e!));
  assertEquals(rows.get(a!)!.at(-1), "rwnd");
  assertMatch(rows.get(a!)!.join(" "), / estab /);
  assertEquals(rows.get(e!)!.at(-1), "-");

  await screen.type("Right");
  await screen.shows(/by infl$/m);
  await screen.type("Left", "Left", "r");
  await screen.shows(/by rate reversed$/m);
  const port = await target.ask("d.getsockname()[1]") as number;
  await screen.type("/", ..."#x", "BSpace", "BSpace", ...`${port}`);
  const filtered = await screen.shows(/filter: \d+_$/m);
  assertEquals([...rowsOf(filtered).keys()], [b]);
  await screen.type("Enter", "p");
  const paused = await screen.shows(/^PAUSED.*filter \d+$/m);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assertEquals(await screen.shows(/^PAUSED/m), paused);
  await screen.type("p", "/", "Escape");
  await screen.shows(/^python.*6 connections/m);

  await screen.resize(120, 6);
  const wide = await screen.shows(/ limit\n( *\d+ .*\n){3}q quit/);
  assertEquals(rowsOf(wide).size, 3);
  await screen.type("Down");
  await screen.shows(/from the 2\./);
  await screen.type("q");
  // the screen is as it was before
  assertEquals(await screen.shows(/^ended 0$/m), "ended 0");
}, ["tmux", "env"]);

testPeeking("the live view has colours, but with NO_COLOR", async () => {
  await using target = await Target.start(FLOWS);
  const command = inspectCommand(await target.pid, "--watch");
  for (const [env, colors] of [[["env", "-u", "NO_COLOR"], true], [["env", "NO_COLOR=1"], false]]) {
    await using screen = await Screen.start([...env as string[], ...command], 80, 12);
    await screen.shows(/rwnd/);
    assertEquals((await screen.colored()).includes("\x1b["), colors);
  }
}, ["tmux", "env"]);

testPeeking("Ctrl-C and signals leave the terminal as it was", async () => {
  await using target = await Target.start("l, a, c = pair()");
  await using screen = await Screen.start(inspectCommand(await target.pid, "--watch"), 80, 12);
  await screen.shows(/^q quit/m);
  await screen.type("C-c");
  assertEquals(await screen.shows(/^ended 0$/m), "ended 0");
}, ["tmux", "env"]);

testPeeking("where there is no terminal it prints one table after the other", async () => {
  await using target = await Target.start(FLOWS);
  const [pid, a] = [await target.pid, await target.ask("a.fileno()") as number];
  const text = await printed(pid, "--watch", "--count=2", "--interval=0.2", "--sort=fd");
  assert(!text.includes("\x1b"));
  const tables = text.split("\n\n");
  assertEquals(tables.length, 2);
  for (const table of tables) {
    assertMatch(table, /^\d\d:\d\d:\d\d python\S* \d+, 6 connections\n *fd peer/);
    assertEquals(rowsOf(table).get(a)!.at(-1), "rwnd");
  }

  const json = await printed(pid, a, "--watch", "--count=2", "--interval=0.2", "--json");
  const looks = json.split("\n").map((line) => JSON.parse(line));
  for (const [flow, ...others] of looks) {
    assertEquals([flow.fd, flow.state, flow.limit, others], [a, "established", "rwnd", []]);
    assert(flow.send > 0 && flow.info.rwndLimited > 0);
  }
  assertEquals([looks[0][0].rate, looks[1][0].rate], [undefined, 0]);
});
