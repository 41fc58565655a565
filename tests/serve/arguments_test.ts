/** Wrong arguments are told by name, value and range, before anything is opened. */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { echoOnce, listen, serve } from "../../mod.ts";
import { openFds } from "../../ffi/open_fds.ts";
import "../helpers.ts";

const local = { hostname: "127.0.0.1", port: 0 };

const WRONG: [name: string, value: unknown, kind: typeof TypeError, message: RegExp][] = [
  ["port", -1, RangeError, /port: expected a whole number from 0 to 65535, got -1$/],
  ["port", 65_536, RangeError, /got 65536$/],
  ["port", "8888", TypeError, /port: expected a whole number, got "8888"$/],
  ["port", NaN, RangeError, /got NaN$/],
  ["backlog", 1.5, RangeError, /backlog: .* from 0 to 2147483647, got 1.5$/],
  ["backlog", NaN, RangeError, /got NaN$/],
  ["backlog", -1, RangeError, /got -1$/],
  ["reusePort", 1, TypeError, /reusePort: expected a boolean, got 1$/],
  ["settings", null, TypeError, /settings: expected an object of options, got null$/],
  ["path", "/tmp/socket", TypeError, /there is no option "path"$/],
  ["hostname", 7, TypeError, /hostname: expected .* 7$/],
];

const WRONG_FOR_SERVE: typeof WRONG = [
  ["hostname", [], TypeError, /hostname: expected an address or a list of them, got \[\]$/],
  ["maxConnections", 0, RangeError, /maxConnections: .* from 1 to .*, got 0$/],
  ["maxConnections", -1, RangeError, /got -1$/],
  ["maxConnections", 1.5, RangeError, /got 1.5$/],
  ["idleTimeout", 0, RangeError, /idleTimeout: expected a number of seconds above 0, got 0$/],
  ["idleTimeout", -1, RangeError, /got -1$/],
  ["idleTimeout", NaN, RangeError, /got NaN$/],
  ["handshakeTimeout", 0, RangeError, /handshakeTimeout/],
  ["gracePeriod", -1, RangeError, /gracePeriod/],
  ["assertions", "no", TypeError, /assertions: expected a boolean, got "no"$/],
  ["maxConnectionsPerClient", 0, RangeError, /maxConnectionsPerClient: .* from 1 to .*, got 0$/],
  ["alpnProtocols", ["h2"], TypeError, /alpnProtocols goes with cert and key/],
  [
    "fd",
    [90001, 90002, 90001],
    TypeError,
    /fd: expected each file descriptor once, got \[ 90001, /,
  ],
  ["alpnProtocols", [], TypeError, /alpnProtocols: expected a list of names such as "h2"/],
  ["alpnProtocols", [""], TypeError, /got \[ "" \]$/],
  ["proxyProtocol", "on", TypeError, /proxyProtocol: expected a boolean or an object, got "on"$/],
  ["proxyProtocol", { from: [] }, TypeError, /from: expected a list of addresses .*, got \[\]$/],
  ["proxyProtocol", { from: ["10.0.0.0/33"] }, TypeError, /a subnet .*, got "10.0.0.0\/33"$/],
  ["proxyProtocol", { from: ["balancer"] }, TypeError, /a subnet .*, got "balancer"$/],
  ["proxyProtocol", { form: [] }, TypeError, /there is no option "form"$/],
  ["signal", {}, TypeError, /signal: expected an AbortSignal, got an object$/],
  ["onError", {}, TypeError, /onError: expected a function, got an object$/],
  ["handler", () => {}, TypeError, /there is no option "handler"$/],
];

function assertRefused(call: () => unknown, kind: typeof TypeError, message: RegExp): void {
  const before = [...openFds()];
  assertMatch(assertThrows(call, kind).message, message);
  assertEquals([...openFds()], before);
}

for (const [name, value, kind, message] of WRONG) {
  Deno.test(`listen() refuses ${name}: ${Deno.inspect(value)}`, () => {
    assertRefused(() => listen({ ...local, [name]: value }), kind, message);
  });
}

for (const [name, value, kind, message] of [...WRONG, ...WRONG_FOR_SERVE]) {
  Deno.test(`serve() refuses ${name}: ${Deno.inspect(value)}`, () => {
    assertRefused(() => serve({ ...local, [name]: value }, echoOnce()), kind, message);
  });
}

Deno.test("serve() refuses what is no handler, and what are no options", () => {
  const call = serve as unknown as (...args: unknown[]) => unknown;
  assertRefused(
    () => call(local),
    TypeError,
    /expects a handler after its options, got undefined$/,
  );
  assertRefused(() => call(echoOnce()), TypeError, /expected an object of options, got /);
  assertRefused(() => call(undefined, echoOnce()), TypeError, /got undefined$/);
});
