/** The servers that are compared, and how each is started. */

const HERE = new URL(".", import.meta.url).pathname;

/** What a server does: echo the first read and close, or echo until the end. */
export type Mode = "once" | "stream";

/** A server on this machine. */
export interface Server {
  readonly name: string;
  /** What it is made with, and of which version. */
  readonly version: string;
  /** Whether it is another one with something more or less, which makes a difference to one-shot connections alone. */
  readonly isVariant: boolean;
  /** What is more or less. */
  readonly note: string | undefined;
  /** Whether it serves TLS with two more arguments, the files of its certificate and of its key. */
  readonly hasTls: boolean;
  /** The command that starts it. */
  command(mode: Mode, port: number): string[];
}

const DENO = [
  ...[Deno.execPath(), "run", "--quiet", "--unstable-net"],
  ...["--allow-net", "--allow-ffi", "--allow-read"],
];

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
type Maker = (folder: string) => Promise<Pick<Server, "version" | "command"> | undefined>;

/** How a server is made, and what is particular to it. */
interface Making {
  readonly make: Maker;
  readonly isVariant?: boolean;
  readonly note?: string;
  readonly hasTls?: boolean;
}

const ONE_SEGMENT =
  "one-segment: echo and FIN together, as sockopt sends them; the others send two";

/** Every server, and how it is made. */
const MAKINGS: Record<string, Making> = {
  "sockopt": { make: () => onDeno("ours.ts"), hasTls: true },
  "sockopt deferred": {
    make: () => onDeno("ours.ts", "deferred"),
    isVariant: true,
    note: "deferred: accepted with the first data, by TCP_DEFER_ACCEPT",
  },
  "sockopt unchecked": {
    make: () => onDeno("ours.ts", "unchecked"),
    isVariant: true,
    note: "unchecked: no assertions on each connection; bare Deno, Node, Bun and Go make none",
  },
  "bare Deno": { make: () => onDeno("deno_bare.ts"), hasTls: true },
  "C epoll": { make: (folder) => inC(folder) },
  "C epoll one-segment": {
    make: (folder) => inC(folder, "more"),
    isVariant: true,
    note: ONE_SEGMENT,
  },
  "C epoll deferred": {
    make: (folder) => inC(folder, "deferred"),
    isVariant: true,
  },
  "asyncio": { make: () => onPython("asyncio"), hasTls: true },
  "asyncio one-segment": { make: () => onPython("asyncio", "cork"), isVariant: true },
  "uvloop": { make: () => onPython("uvloop"), hasTls: true },
  "uvloop one-segment": { make: () => onPython("uvloop", "cork"), isVariant: true },
  "Node": { make: () => script("node", "node.mjs"), hasTls: true },
  "Bun": { make: () => script("bun", "bun.mjs"), hasTls: true },
  "Go": { make: (folder) => inGo(folder), hasTls: true },
  "Go one-segment": { make: (folder) => inGo(folder, "cork"), isVariant: true },
};

/** The names of all servers. */
export const SERVERS: string[] = Object.keys(MAKINGS);

/** Those servers that this machine has; of the others it is said that they are missing. */
export async function serversHere(names: string[], folder: string): Promise<Server[]> {
  const servers: Server[] = [];
  for (const name of names) {
    const { make, isVariant = false, note, hasTls = false } = MAKINGS[name]!;
    const made = await make(folder);
    if (made !== undefined) servers.push({ name, isVariant, note, hasTls, ...made });
    else if (!isVariant) console.error(`${name} is left out: it is not on this machine`);
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
async function compiled(make: string[], version: string[], args: string[]): ReturnType<Maker> {
  const program = make[make.indexOf("-o") + 1]!;
  const found = await output(make) === undefined ? undefined : await output(version);
  if (found === undefined) return undefined;
  return {
    version: firstLine(found),
    command: (mode, port) => [program, mode, `${port}`, ...args],
  };
}

function inC(folder: string, ...args: string[]): ReturnType<Maker> {
  const make = ["cc", "-O2", "-o", `${folder}/epoll${args}`, `${HERE}peers/epoll.c`];
  return compiled(make, ["cc", "--version"], args);
}

function inGo(folder: string, ...args: string[]): ReturnType<Maker> {
  const make = ["go", "build", "-o", `${folder}/go${args}`, `${HERE}peers/echo.go`];
  return compiled(make, ["go", "version"], args);
}

/** The first Python that has the loop: the user's, or the system's. */
async function onPython(loop: string, ...args: string[]): ReturnType<Maker> {
  const tell = `import ${loop}, platform; print(platform.python_version())`;
  for (const python of ["python3", "/usr/bin/python3"]) {
    const version = await output([python, "-c", tell]);
    if (version === undefined) continue;
    const command: Server["command"] = (mode, port) => [
      ...[python, `${HERE}peers/asyncio_recipe.py`, mode, `${port}`, loop, ...args],
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
