import { assertEquals, assertRejects } from "@std/assert";
import { lookUp, LookupError } from "../../ffi/lookup.ts";
import { python, testWith } from "../helpers.ts";

const GETADDRINFO = `
import socket, sys
found = socket.getaddrinfo(sys.argv[1], None, type=socket.SOCK_STREAM)
print("\\n".join(dict.fromkeys(address[0] for *_, address in found)))
`;

testWith(
  "python3",
  "lookUp() finds the addresses that Python finds, in the same order",
  async () => {
    for (const name of ["localhost", "127.1", "::1", "0x7f000001"]) {
      const expected = (await python(GETADDRINFO, name)).trim().split("\n");
      assertEquals(await lookUp(name), expected, name);
    }
  },
);

Deno.test("lookUp() says why there is none", async () => {
  const error = await assertRejects(() => lookUp("no-such-host.invalid"), LookupError);
  assertEquals(error.code, "EAI_NONAME");
});

Deno.test("lookUp() may be asked many times at once", async () => {
  const all = await Promise.all(Array.from({ length: 200 }, () => lookUp("localhost")));
  assertEquals(new Set(all.map(String)).size, 1);
});
