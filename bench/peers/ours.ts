/** This package's server: `ours.ts once|stream PORT [checked|unchecked|quickack|deferred|CERT KEY]`. */

import { echo, echoOnce, serve } from "../../mod.ts";

const [mode, port, variant, key] = Deno.args;
const options = {
  hostname: "127.0.0.1",
  port: Number(port),
  settings: {
    // kept on in stream mode, it makes the kernel send an acknowledgement of its own for every message
    quickAck: mode === "once" || variant === "quickack" || undefined,
    noDelay: mode === "stream" || undefined,
    deferAccept: variant === "deferred" ? 1 : undefined,
  },
  assertions: variant !== "unchecked",
};
const handler = mode === "once" ? echoOnce() : echo();
if (key === undefined) serve(options, handler);
else {
  const pem = { cert: Deno.readTextFileSync(variant!), key: Deno.readTextFileSync(key) };
  serve({ ...options, ...pem }, handler);
}
