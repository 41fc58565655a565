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

const DENO = [Deno.execPath(), "run", "--quiet", "--allow-net", "--allow-ffi"];

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

/** Makes a server ready in a folder; `undefined` where the machine does not have what it takes. */
type Maker = (folder: string) => Promise<Omit<Server, "name"> | undefined>;

/** Every server, and how it is made. */
const MAKERS: Record<string, Maker> = {
  "sockopt": () => onDeno("ours.ts", "checked"),
  "sockopt unchecked": () => onDeno("ours.ts", "unchecked"),
  "bare Deno": () => onDeno("deno_bare.ts"),
  "C epoll": (folder) =>
    compiled(["cc", "-O2", "-o", `${folder}/epoll`, `${HERE}peers/epoll.c`], ["cc", "--version"]),
  "asyncio": () => onPython("asyncio"),
  "uvloop": () => onPython("uvloop"),
  "Node": () => script("node", "node.mjs"),
  "Bun": () => script("bun", "bun.mjs"),
  "Go": (folder) =>
    compiled(["go", "build", "-o", `${folder}/go`, `${HERE}peers/echo.go`], ["go", "version"]),
};

/** The names of all servers. */
export const SERVERS: string[] = Object.keys(MAKERS);

/** Those servers that this machine has; of the others it is said that they are missing. */
export async function serversHere(names: string[], folder: string): Promise<Server[]> {
  const servers: Server[] = [];
  for (const name of names) {
    const made = await MAKERS[name]!(folder);
    if (made === undefined) console.error(`${name} is left out: it is not on this machine`);
    else servers.push({ name, ...made });
  }
  return servers;
}

function onDeno(file: string, ...args: string[]): ReturnType<Maker> {
  return Promise.resolve({
    version: `Deno ${Deno.version.deno}`,
    command: (mode, port) => [...DENO, `${HERE}peers/${file}`, mode, `${port}`, ...args],
  });
}

/** A program of one file, which the command of its `-o` makes. */
async function compiled(make: string[], version: string[]): ReturnType<Maker> {
  const program = make[make.indexOf("-o") + 1]!;
  const found = await output(make) === undefined ? undefined : await output(version);
  if (found === undefined) return undefined;
  return { version: firstLine(found), command: (mode, port) => [program, mode, `${port}`] };
}

/** The first Python that has the loop: the user's, or the system's. */
async function onPython(loop: string): ReturnType<Maker> {
  const tell = `import ${loop}, platform; print(platform.python_version())`;
  for (const python of ["python3", "/usr/bin/python3"]) {
    const version = await output([python, "-c", tell]);
    if (version === undefined) continue;
    const command: Server["command"] = (mode, port) => [
      ...[python, `${HERE}peers/asyncio_recipe.py`, mode, `${port}`, loop],
    ];
    return { version: `Python ${version}`, command };
  }
  return undefined;
}

async function script(runtime: string, file: string): ReturnType<Maker> {
  const version = await output([runtime, "--version"]);
  if (version === undefined) return undefined;
  const command: Server["command"] = (mode, port) => [
    ...[runtime, `${HERE}peers/${file}`, mode, `${port}`],
  ];
  return { version: firstLine(version), command };
}

function firstLine(text: string): string {
  return text.split("\n")[0]!;
}
