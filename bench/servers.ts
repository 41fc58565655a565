/** The servers that are compared, and how each is started. */

const HERE = new URL(".", import.meta.url).pathname;

/** What a server does: echo the first read and close, or echo until the end. */
export type Mode = "once" | "stream";

/** A server on this machine. */
export interface Server {
  readonly name: string;
  /** What it is made with, and of which version. */
  readonly version: string;
  /** The command that starts it. */
  command(mode: Mode, port: number): string[];
}

const DENO = [Deno.execPath(), "run", "--quiet", "--unstable-net", "--allow-net", "--allow-ffi"];

/** What a program prints, or `undefined` where it is missing or fails. */
export async function output(command: string[], cwd?: string): Promise<string | undefined> {
  try {
    const [program, ...args] = command;
    const { success, stdout, stderr } = await new Deno.Command(program!, { args, cwd }).output();
    const decoder = new TextDecoder();
    return success ? (decoder.decode(stdout) || decoder.decode(stderr)).trim() : undefined;
  } catch {
    return undefined;
  }
}

/** The servers that this machine has; of the others it is said what they lack. */
export async function serversHere(folder: string): Promise<Server[]> {
  const servers: Server[] = [];
  const add = (name: string, version: string | undefined, command: Server["command"]): void => {
    if (version === undefined) console.error(`${name} is left out: it is not on this machine`);
    else servers.push({ name, version: version.split("\n")[0]!, command });
  };
  const deno = `Deno ${Deno.version.deno}`;
  for (const variant of ["checked", "unchecked"]) {
    const name = variant === "checked" ? "sockopt" : "sockopt unchecked";
    add(name, deno, (mode, port) => [...DENO, `${HERE}peers/ours.ts`, mode, `${port}`, variant]);
  }
  add("bare Deno", deno, (mode, port) => [...DENO, `${HERE}peers/deno_bare.ts`, mode, `${port}`]);

  const epoll = `${folder}/epoll`;
  const built = await output(["cc", "-O2", "-o", epoll, `${HERE}peers/epoll.c`]);
  const cc = built === undefined ? undefined : await output(["cc", "--version"]);
  add("C epoll", cc, (mode, port) => [epoll, mode, `${port}`]);

  const python = async (loop: string): Promise<void> => {
    for (const python of ["python3", "/usr/bin/python3"]) {
      const version = await output([
        python,
        "-c",
        `import ${loop}, platform; print(platform.python_version())`,
      ]);
      if (version === undefined && python === "python3") continue;
      const script = `${HERE}peers/asyncio_recipe.py`;
      return add(loop, version && `Python ${version}`, (mode, port) => [
        ...[python, script, mode, `${port}`, loop],
      ]);
    }
  };
  await python("asyncio");
  await python("uvloop");

  const node = await output(["node", "--version"]);
  add("Node", node, (mode, port) => ["node", `${HERE}peers/node.mjs`, mode, `${port}`]);
  const bun = await output(["bun", "--version"]);
  add("Bun", bun, (mode, port) => ["bun", `${HERE}peers/bun.mjs`, mode, `${port}`]);

  const go = `${folder}/go`;
  const goBuilt = await output(["go", "build", "-o", go, `${HERE}peers/echo.go`]);
  const goVersion = goBuilt === undefined ? undefined : await output(["go", "version"]);
  add("Go", goVersion, (mode, port) => [go, mode, `${port}`]);
  return servers;
}
