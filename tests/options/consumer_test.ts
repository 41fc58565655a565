/** The package as others import it. */

import { assertEquals } from "@std/assert";
import { ROOT, run } from "../helpers.ts";

/** A program that uses what has types of Deno's and of Node.js's in it. */
const PROGRAM = `
import { echoOnce, getOption, listen, serve, type SocketLike, socketFd, TCP_NODELAY } from "@sockopt/tcp";
const listener = listen({ hostname: "127.0.0.1", port: 0, settings: { options: [[TCP_NODELAY, true]] } });
const sockets: SocketLike[] = [listener, 3];
const fds: number[] = sockets.map(socketFd);
const isOn: boolean = getOption(listener, TCP_NODELAY);
export { echoOnce, fds, isOn, serve };
`;

for (const lib of [["dom", "deno.ns"], ["deno.window"], ["deno.window", "deno.unstable"]]) {
  Deno.test(`a program with lib ${lib.join(", ")} type-checks`, async () => {
    const folder = await Deno.makeTempDir();
    const config = { compilerOptions: { lib }, imports: { "@sockopt/tcp": `${ROOT}mod.ts` } };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
    await Deno.writeTextFile(`${folder}/main.ts`, PROGRAM);
    const args = ["check", "--config", `${folder}/deno.json`, `${folder}/main.ts`];
    const { code, stderr } = await run(Deno.execPath(), args);
    assertEquals(code, 0, stderr);
    await Deno.remove(folder, { recursive: true });
  });
}
