/** This package's server: `ours.ts once|stream PORT checked|unchecked|quickack`. */

import { echo, echoOnce, serve } from "../../mod.ts";

const [mode, port, variant] = Deno.args;
serve({
  hostname: "127.0.0.1",
  port: Number(port),
  // kept on in stream mode, it makes the kernel send an acknowledgement of its own for every message
  settings: mode === "once" || variant === "quickack" ? { quickAck: true } : { noDelay: true },
  assertions: variant !== "unchecked",
}, mode === "once" ? echoOnce() : echo());
