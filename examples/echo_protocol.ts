/**
 * The asyncio recipe line for line: a Protocol with its callbacks, asserts and options.
 *
 * "TCP Server, Asynchronous I/O (Low-Level APIs)": the asserts on the socket and the options set on every connection
 * are those of the Python program, and it behaves as that does: it echoes the first data of each connection and
 * closes. Where a check fails it closes the connection; the Python program logs that and echoes all the same.
 *
 *     deno run --allow-net --allow-ffi examples/echo_protocol.ts [HOST [PORT]]
 */

import { assertEquals } from "@std/assert";
import {
  assertOption,
  getOption,
  kernelLimits,
  type Protocol,
  protocolHandler,
  serve,
  setOption,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TYPE,
  TCP_QUICKACK,
  type Transport,
  type TransportSocket,
} from "@sockopt/tcp";

const [host = "127.0.0.1", port = "8888"] = Deno.args;
const recvBufferSize: number | undefined = undefined;
const sendBufferSize: number | undefined = undefined;
const limits = kernelLimits();

/** Bytes as Python writes them, safe for a terminal: all but printable ASCII is escaped. */
function repr(data: Uint8Array): string {
  const isPlain = (byte: number): boolean => byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
  const text = Array.from(
    data,
    (byte) =>
      isPlain(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  );
  return `b'${text.join("")}'`;
}

function handleSocketBufferSize(socket: TransportSocket): void {
  if (recvBufferSize !== undefined) setOption(socket, SO_RCVBUF, recvBufferSize);
  const received = getOption(socket, SO_RCVBUF);
  console.debug(`recv buffer size: ${received} (max=${limits.rmemMax ?? "unknown"})`);

  if (sendBufferSize !== undefined) setOption(socket, SO_SNDBUF, sendBufferSize);
  const sent = getOption(socket, SO_SNDBUF);
  console.debug(`send buffer size: ${sent} (max=${limits.wmemMax ?? "unknown"})`);
}

function handleTcpQuickAck(socket: TransportSocket): void {
  setOption(socket, TCP_QUICKACK, true);
  console.debug(`TCP quick ACK: ${getOption(socket, TCP_QUICKACK)}`);
}

class EchoServerProtocol implements Protocol {
  #transport!: Transport;

  connectionMade(transport: Transport): void {
    const peername = transport.getExtraInfo("peername");
    console.debug(`connected from ${peername.hostname}:${peername.port}`);
    this.#transport = transport;

    const socket = transport.getExtraInfo("socket");
    assertOption(socket, SO_TYPE, "stream");
    // socketFd(), which every option goes through, asserts getpeername() and getsockname()
    assertEquals(socket.remoteAddr, peername);
    assertEquals(socket.localAddr, transport.getExtraInfo("sockname"));
    assertOption(socket, SO_REUSEADDR, true);
    assertOption(socket, SO_REUSEPORT, true);

    handleSocketBufferSize(socket);
    handleTcpQuickAck(socket);
  }

  dataReceived(data: Uint8Array): void {
    console.debug(`recv: ${repr(data)}`);

    this.#transport.write(data);
    console.debug(`sent: ${repr(data)}`);

    this.#transport.close();
  }
}

const server = serve({
  hostname: host,
  port: Number(port),
  reusePort: true,
  backlog: 100,
  onListen({ hostname, port }) {
    console.info(`Serving on ${hostname}:${port}`);
    console.info(`In another terminal: echo hello | nc ${hostname} ${port}`);
  },
}, protocolHandler(() => new EchoServerProtocol()));
Deno.addSignalListener("SIGINT", () => void server.shutdown().then(() => Deno.exit(0)));
