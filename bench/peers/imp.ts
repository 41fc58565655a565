import "../../mod.ts";
Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.args[1]) });
await new Promise(() => {});
