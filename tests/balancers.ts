/** Balancers as processes of their own: HAProxy and nginx from Debian. */

import { delay } from "./helpers.ts";

/** A balancer that listens. */
export interface Balancer extends AsyncDisposable {
  /** Where it listens: 127.0.0.1, and this port. */
  readonly port: number;
  /** Says a command to HAProxy's socket, and gives the answer. */
  command(text: string): Promise<string>;
}

/** Starts HAProxy with what a configuration says beyond its defaults; it is given the port, and a folder of its own. */
export function haproxy(config: (port: number, folder: string) => string): Promise<Balancer> {
  return start(
    (file) => ["haproxy", "-db", "-q", "-f", file],
    (port, folder) => `
global
  stats socket ${folder}/ready level admin
  hard-stop-after 1s
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout check 5s
${config(port, folder)}
`,
  );
}

/** Starts nginx with a `stream` block. */
export function nginx(config: (port: number) => string): Promise<Balancer> {
  return start(
    (file, folder) => ["nginx", "-p", folder, "-c", file, "-e", `${folder}/log`],
    (port, folder) => `
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid ${folder}/ready;
events {}
stream {
${config(port)}
}
`,
  );
}

/** Neither of them takes port 0: a port that was free may be taken by somebody else until it is theirs. */
const TRIES = 5;

async function start(
  command: (file: string, folder: string) => string[],
  config: (port: number, folder: string) => string,
): Promise<Balancer> {
  for (let i = 1;; i++) {
    const folder = await Deno.makeTempDir();
    const port = freePort();
    const file = `${folder}/config`;
    await Deno.writeTextFile(file, config(port, folder));
    const [program, ...args] = command(file, folder);
    const process = new Deno.Command(program!, { args, stdin: "null", stderr: "piped" }).spawn();
    const stderr = new Response(process.stderr).text();
    let hasEnded = false;
    process.status.then(() => hasEnded = true);
    const end = async (): Promise<void> => {
      if (!hasEnded) process.kill("SIGKILL");
      await Promise.all([process.status, stderr]);
      await Deno.remove(folder, { recursive: true });
    };
    // what it makes once it listens
    while (!hasEnded && !await exists(`${folder}/ready`)) await delay(5);
    if (!hasEnded) {
      return {
        port,
        command: (text) => ask(`${folder}/ready`, text),
        [Symbol.asyncDispose]: end,
      };
    }
    await end();
    if (i === TRIES) throw new Error(`${program} does not start: ${await stderr}`);
  }
}

/** A port that nobody has now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function ask(path: string, text: string): Promise<string> {
  const conn = await Deno.connect({ transport: "unix", path });
  await conn.write(new TextEncoder().encode(`${text}\n`));
  return await new Response(conn.readable).text();
}
