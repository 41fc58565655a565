/**
 * The package as it is published: `deno publish` sends it to a registry in this process, from which it is installed and
 * run in an empty folder, with no configuration and the permissions that the README names.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  bytes,
  exchange,
  PERMISSIONS,
  python,
  ROOT,
  run,
  ServerProcess,
  testWith,
} from "./helpers.ts";

const config = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
const { name, version, exports } = config;

/** The files of a package by their paths, such as "/mod.ts". */
type Files = Map<string, Uint8Array<ArrayBuffer>>;

/** Unpacks a tar: blocks of 512 bytes, first a header that begins with the name and has the size in octal at 124. */
function untar(archive: Uint8Array<ArrayBuffer>): Files {
  const files: Files = new Map();
  const text = (at: number, length: number): string =>
    new TextDecoder().decode(archive.subarray(at, at + length)).replace(/\0.*/s, "");
  for (let at = 0; archive[at] !== 0 && at < archive.length;) {
    const size = parseInt(text(at + 124, 12), 8);
    files.set(`/${text(at, 100)}`, archive.slice(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

async function gunzip(data: ReadableStream<Uint8Array<ArrayBuffer>>) {
  return new Uint8Array(
    await new Response(data.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer(),
  );
}

async function checksum(file: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha256-${new Uint8Array(await crypto.subtle.digest("SHA-256", file)).toHex()}`;
}

/** A registry that speaks as much of JSR's API as `deno publish` and `deno run` ask for. */
class Registry implements AsyncDisposable {
  files: Files = new Map();
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    return request.method === "POST" ? this.#take(request) : this.#answer(pathname);
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async #take(request: Request): Promise<Response> {
    this.files = untar(await gunzip(request.body!));
    return Response.json({ id: "1", status: "success", error: null });
  }

  async #answer(path: string): Promise<Response> {
    const missing = (code: string): Response =>
      Response.json({ code, message: code }, { status: 404 });
    if (path.startsWith("/api/")) {
      return path.includes("/versions/") ? missing("packageVersionNotFound") : Response.json({});
    }
    if (path === `/${name}/meta.json`) return Response.json({ versions: { [version]: {} } });
    if (path === `/${name}/${version}_meta.json`) {
      const manifest: Record<string, { size: number; checksum: string }> = {};
      for (const [path, file] of this.files) {
        manifest[path] = { size: file.length, checksum: await checksum(file) };
      }
      return Response.json({ manifest, exports });
    }
    const file = this.files.get(path.replace(`/${name}/${version}`, ""));
    if (file === undefined) return missing("notFound");
    const type = path.endsWith(".json") ? "application/json" : "text/typescript";
    return new Response(file, { headers: { "content-type": type } });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

/** The package installed: at a registry, and as files in a folder; and an empty folder with a cache of its own. */
class Published implements AsyncDisposable {
  private constructor(
    readonly registry: Registry,
    readonly folder: string,
    readonly env: Record<string, string>,
  ) {}

  static async make(): Promise<Published> {
    const registry = new Registry();
    const folder = await Deno.makeTempDir();
    for (const name of ["package", "empty", "cache"]) await Deno.mkdir(`${folder}/${name}`);
    const { npmCache } = JSON.parse((await run(Deno.execPath(), ["info", "--json"])).stdout);
    await Deno.symlink(npmCache, `${folder}/cache/npm`);
    const env = { DENO_DIR: `${folder}/cache`, JSR_URL: registry.url };
    const published = new Published(registry, folder, env);
    await published.deno(["publish", "--allow-dirty", "--token=any"], ROOT);
    for (const [path, file] of registry.files) {
      const to = `${folder}/package${path}`;
      await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(to, file);
    }
    return published;
  }

  /** Runs Deno in the empty folder, and gives what it printed. */
  async deno(args: string[], cwd = `${this.folder}/empty`): Promise<string> {
    const command = new Deno.Command(Deno.execPath(), { args, cwd, env: this.env, stdin: "null" });
    const { code, stdout, stderr } = await command.output();
    const said = new TextDecoder().decode(stderr);
    assertEquals(code, 0, said);
    return new TextDecoder().decode(stdout);
  }

  /** Starts the program. */
  start(program: string, permissions: string[], flags: string[]): Promise<ServerProcess> {
    const cwd = `${this.folder}/empty`;
    return ServerProcess.run([Deno.execPath(), "run", ...permissions, program], flags, {
      cwd,
      env: this.env,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** SO_REUSEPORT of each of a process's sockets of TCP that have a port, in copies that pidfd_getfd(2) makes. */
const REUSE_PORT = `
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
pid, port = int(sys.argv[1]), int(sys.argv[2])
pidfd = libc.syscall(434, pid, 0)
for name in os.listdir(f"/proc/{pid}/fd"):
    fd = libc.syscall(438, pidfd, int(name), 0)
    if fd < 0: sys.exit("pidfd_getfd: " + os.strerror(ctypes.get_errno()))
    try: s = socket.socket(fileno=fd)
    except OSError: continue
    if s.family == socket.AF_INET and s.getsockname()[1] == port:
        listens = s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        print("listener" if listens else "connection", s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))
`;

Deno.test("what is published is what `deno publish --dry-run` lists", async () => {
  await using published = await Published.make();
  const args = ["publish", "--dry-run", "--allow-dirty"];
  const { stderr } = await run(Deno.execPath(), args);
  const listed = [...stderr.matchAll(new RegExp(`file://${ROOT}(\\S+) \\(`, "g"))]
    .map(([, path]) => `/${path}`);
  assert(listed.length > 60, stderr);
  assertEquals([...published.registry.files.keys()].toSorted(), listed.toSorted());
  assertEquals(config.unstable, undefined);
});

/** Where the program is, and what its workers take beside the two permissions. */
const PLACES: [string, (folder: string) => [program: string, forWorkers: string[]]][] = [
  ["JSR", () => [`jsr:${name}@${version}/server`, []]],
  ["a folder", (folder) => [`${folder}/package/server.ts`, [`--allow-read=${folder}/package/`]]],
];

for (const [place, where] of PLACES) {
  testWith(
    "Linux",
    `the published program runs from ${place} with two permissions alone`,
    async () => {
      await using published = await Published.make();
      const [program, forWorkers] = where(published.folder);
      const flags = ["--mode", "stream"];
      await using first = await published.start(program, PERMISSIONS, flags);
      const shared = [...flags, "--port", `${first.port}`];
      await using second = await published.start(program, PERMISSIONS, shared);
      assertEquals(second.port, first.port);
      const conns = await Promise.all(Array.from({ length: 50 }, () => first.connect()));
      for (const conn of conns) {
        await conn.write(bytes("x"));
        assertEquals(await conn.read(new Uint8Array(1)), 1);
      }
      await assertReusePort([first, second], conns.length);
      for (const conn of conns) conn.close();
      for (const server of [first, second]) {
        assertEquals((await server.stop()).code, 0);
        assert((server.events("stopped")[0]!.accepted as number) > 0);
        assertEquals(server.events("assertion_failed"), []);
      }

      const shown = await published.deno([
        "run",
        ...PERMISSIONS,
        program,
        "--check",
        "--reuse-port",
      ]);
      assertMatch(shown, /^SO_REUSEPORT +true +true +yes$/m);

      const permissions = [...PERMISSIONS, ...forWorkers];
      await using workers = await published.start(program, permissions, ["--workers", "2"]);
      assertEquals(await exchange(await workers.connect(), bytes("x")), bytes("x"));
      await workers.event("listening", 2);
      assertEquals((await workers.stop()).code, 0);
    },
  );
}

/** SO_REUSEPORT is 1 on the listeners and on the connections, as another process reads it, where it may. */
async function assertReusePort(servers: ServerProcess[], count: number): Promise<void> {
  const seen: string[] = [];
  for (const { process, port } of servers) {
    const found = await python(REUSE_PORT, process.pid, port).catch(() => undefined);
    if (found === undefined) return; // no Python, or one that may not look
    seen.push(...found.trim().split("\n"));
  }
  assertEquals(seen.filter((line) => line === "listener 1").length, servers.length);
  assertEquals(seen.filter((line) => line === "connection 1").length, count);
  assertEquals(seen.length, servers.length + count);
}

Deno.test("a published program imports it by its name alone", async () => {
  await using published = await Published.make();
  const program = `
    import { getOption, listen, SO_REUSEPORT } from "jsr:${name}@${version}";
    using listener = listen({ hostname: "127.0.0.1", port: 0, reusePort: true });
    console.log(getOption(listener, SO_REUSEPORT));
  `;
  await Deno.writeTextFile(`${published.folder}/empty/main.ts`, program);
  assertEquals(await published.deno(["run", "--check", ...PERMISSIONS, "main.ts"]), "true\n");
});
