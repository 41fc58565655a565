/**
 * Networks that an example makes for itself: network namespaces, which the kernel removes with the last process in
 * them, however that ends. It takes `unshare` and `setpriv` (util-linux), `ip` and `tc` (iproute2), `nft`, and root or
 * a kernel that lets its users make namespaces.
 */

/** A program is missing, or may not do what it is asked for. */
class ToolError extends Error {}

/** Runs a program to its end. */
export async function run(program: string, ...args: string[]): Promise<string> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
    const decoder = new TextDecoder();
    if (success) return decoder.decode(stdout);
    throw new ToolError(`${program} ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ToolError(`${program} is missing`);
  }
}

/** A command that runs another one in a new network, and ends it when this process ends, even by SIGKILL. */
function inNewNetwork(...command: string[]): [program: string, ...args: string[]] {
  const asRoot = Deno.uid() === 0 ? [] : ["--map-root-user"];
  return ["unshare", "--net", ...asRoot, "setpriv", "--pdeathsig", "KILL", ...command];
}

/** Starts a file of Deno in a new network. */
function startInNewNetwork(file: URL, stdout: "inherit" | "piped", ...args: string[]) {
  const deno = [Deno.execPath(), "run", "--unstable-net", "--allow-all", file.href];
  const [program, ...rest] = inNewNetwork(...deno, ...args);
  return new Deno.Command(program, { args: rest, stdin: "null", stdout }).spawn();
}

const INSIDE = "--in-its-own-network";

/**
 * Runs an example in a network of its own, where only the loopback interface is: starts its file once more, inside.
 * What is missing is said in one line, with exit code 1.
 *
 * @param file The URL of the example.
 * @param tool The program that it takes besides.
 * @param example What it does.
 */
export async function inOwnNetwork(
  file: string,
  tool: "nft" | "tc",
  example: () => Promise<void>,
): Promise<void> {
  try {
    if (Deno.args.includes(INSIDE)) {
      await run("ip", "link", "set", "lo", "up");
      await example();
    } else {
      await run(...inNewNetwork("true"));
      await run("ip", "-V");
      await run(tool, "-V");
      const inside = startInNewNetwork(new URL(file), "inherit", INSIDE);
      Deno.exitCode = (await inside.status).code;
    }
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    console.error(`This example makes a network of its own, and cannot: ${error.message}`);
    Deno.exit(1); // whatever the example has begun
  }
}

/** From now on the loopback interface loses what goes to or comes from a port. */
export async function loseAllOf(port: number): Promise<void> {
  await run("nft", "add", "table", "inet", "example");
  const hook = "{ type filter hook input priority 0; }";
  await run("nft", "add", "chain", "inet", "example", "input", hook);
  for (const end of ["sport", "dport"]) {
    await run("nft", "add", "rule", "inet", "example", "input", "tcp", end, `${port}`, "drop");
  }
}

/**
 * Joins the network of this process to that of another host, which reads what it is sent and drops it. Towards it the
 * link takes `rate`; back it takes one acknowledgement every 20 ms, and of those that wait keeps the newest. So a round
 * trip takes 20 ms and more, made of `tbf` alone, which more kernels have than have `netem`.
 *
 * @param rate In the words of tc(8), such as "20mbit".
 * @returns Where the other host listens.
 */
export async function slowLink(rate: string): Promise<{ hostname: string; port: number }> {
  const far = startInNewNetwork(new URL("far_host.ts", import.meta.url), "piped");
  far.unref();
  const reader = far.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: port } = await reader.read();
  if (port === undefined) throw new ToolError("the other host could not make its end of the link");
  await run("ip", "address", "add", "192.0.2.1/24", "dev", "near");
  await run("ip", "link", "set", "near", "addrgenmode", "none", "gso_max_segs", "1", "up");
  const queue = ["rate", rate, "burst", "10kb", "limit", "500kb"];
  await run("tc", "qdisc", "add", "dev", "near", "root", "tbf", ...queue);
  return { hostname: "192.0.2.2", port: Number(port) };
}
