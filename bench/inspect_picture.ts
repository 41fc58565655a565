/**
 * `deno task inspect:picture`: docs/inspect.svg, the live view as a terminal shows it. A server with quick and slow clients
 * is watched by the real program in tmux, and what stands on its screen is drawn. It takes python3, tmux and unshare.
 */

import { Screen } from "../tests/inspect/pty.ts";

const [COLUMNS, ROWS] = [80, 12];

/** A server that sends to whoever connects, and clients: three read all, one reads little, one in pieces, one nothing. */
const SCENE = `
import os, socket, threading, time
os.system("ip link set lo up; for i in 7 101 102 103 104 105 106; do ip addr add 10.0.0.$i/24 dev lo; done")
l = socket.create_server(("10.0.0.7", 8080))
if os.fork() == 0:
    def read(host, size, pause):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        s.bind((host, 0)); s.connect(("10.0.0.7", 8080))
        while True: s.recv(size); time.sleep(pause)
    for i, (size, pause) in enumerate([(65536, 0), (65536, 0.05), (3000, 0.2), (65536, 0.01), (1, 60), (65536, 0.4)]):
        threading.Thread(target=read, args=("10.0.0.%d" % (101 + i), size, pause)).start()
    time.sleep(60); os._exit(0)
def send(c, number):
    while True:
        c.sendall(bytes(20000 * (1 + number)))
        time.sleep(0.02 + 0.1 * (1 + (time.time() * 2 + number) % 5))
for number in range(6): threading.Thread(target=send, args=(l.accept()[0], number), daemon=True).start()
print(os.getpid(), flush=True)
time.sleep(60)
`;

const scene = new Deno.Command("unshare", {
  args: ["--net", "--map-root-user", "python3", "-c", SCENE],
  stdout: "piped",
}).spawn();
const lines = scene.stdout.pipeThrough(new TextDecoderStream()).getReader();
const pid = (await lines.read()).value!.trim();

const root = new URL("..", import.meta.url).pathname;
const flags = ["--watch", "--interval", "0.5", "--sort", "sndq"];
const command = [
  ...["env", "-u", "NO_COLOR", Deno.execPath(), "run", "--allow-ffi", "--allow-read=/proc"],
  ...[`${root}inspect.ts`, pid, ...flags],
];
let text: string;
{
  await using screen = await Screen.start(command, COLUMNS, ROWS);
  await screen.shows(/rwnd/);
  await new Promise((resolve) => setTimeout(resolve, 6000)); // the curves grow
  text = (await screen.colored()).trimEnd();
}
scene.kill("SIGKILL");
await scene.status;

const [CHARACTER, LINE, MARGIN] = [8.43, 19, 14];
const HEAD = 30;
const width = Math.ceil(COLUMNS * CHARACTER + 2 * MARGIN);
const rows = [`$ inspect ${pid} --watch --sort sndq`, ...text.split("\n")];
const height = HEAD + rows.length * LINE + MARGIN;

const STYLES: Record<string, string> = { 1: "bold", 2: "dim", 33: "yellow", 31: "red" };

/** A line with SGR sequences as pieces of text with their styles. */
function* pieces(line: string): Generator<[text: string, style: string]> {
  let style = "";
  // deno-lint-ignore no-control-regex
  for (const part of line.split(/(\x1b\[[\d;]*m)/)) {
    // deno-lint-ignore no-control-regex
    const codes = /^\x1b\[([\d;]*)m$/.exec(part)?.[1];
    if (codes === undefined) {
      if (part !== "") yield [part, style];
    } else style = codes.split(";").map((code) => STYLES[code] ?? "").join(" ").trim();
  }
}

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const drawn = rows.map((line, i) => {
  let column = 0;
  const spans = [...pieces(line)].map(([text, style]) => {
    const x = MARGIN + column * CHARACTER;
    column += text.length;
    // its own length keeps the columns in line whatever the font is
    const length = (text.length * CHARACTER).toFixed(1);
    const kind = style === "" ? "" : ` class="${style}"`;
    return `<tspan x="${x.toFixed(1)}" textLength="${length}"${kind}>${escape(text)}</tspan>`;
  });
  return `<text y="${HEAD + (i + 1) * LINE - 5}" xml:space="preserve">${spans.join("")}</text>`;
});

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img"
  aria-label="The live view of inspect: six connections of a server, one of them held up by its client">
<style>
text { font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6deeb; }
.bold { font-weight: bold; fill: #ffffff; } .dim { fill: #7f8ea3; } .yellow { fill: #ffd866; } .red { fill: #ff6b81; }
</style>
<rect width="${width}" height="${height}" rx="8" fill="#10161f"/>
<circle cx="18" cy="16" r="5" fill="#ff5f57"/><circle cx="36" cy="16" r="5" fill="#febc2e"/><circle cx="54" cy="16" r="5" fill="#28c840"/>
${drawn.join("\n")}
</svg>
`;
await Deno.writeTextFile(`${root}docs/inspect.svg`, svg);
