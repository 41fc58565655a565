/**
 * Socket options for Deno: read, set and assert any of them on any socket, and serve TCP with them in
 * force.
 *
 * A socket option is a switch or a figure that the kernel keeps for a socket: how large its buffers are, after how
 * many idle seconds a vanished peer is noticed, whether small writes wait for company. Each is a constant here under
 * its man-page name, with a type of its own, and {@linkcode getOption}, {@linkcode setOption} and
 * {@linkcode assertOption} take it with any socket: a connection, listener or datagram socket of Deno, one of
 * `node:net`, or a file descriptor.
 *
 * It takes `--allow-net --allow-ffi`, and Linux or macOS.
 *
 * ## By task
 *
 * | To do | Options |
 * | --- | --- |
 * | Notice a peer that has vanished (keep-alive) | {@linkcode SO_KEEPALIVE}, {@linkcode TCP_KEEPIDLE}, {@linkcode TCP_KEEPINTVL}, {@linkcode TCP_KEEPCNT} |
 * | Give up in time (time-outs) | {@linkcode TCP_USER_TIMEOUT}, {@linkcode TCP_SYNCNT}, {@linkcode SO_LINGER}, {@linkcode TCP_RTO_MAX_MS} |
 * | Fill a long path, bound memory (buffers) | {@linkcode SO_RCVBUF}, {@linkcode SO_SNDBUF}, {@linkcode TCP_NOTSENT_LOWAT}, {@linkcode SO_BUF_LOCK} |
 * | Answer at once (latency) | {@linkcode TCP_NODELAY}, {@linkcode TCP_QUICKACK}, {@linkcode TCP_CORK}, {@linkcode TCP_DEFER_ACCEPT}, {@linkcode TCP_FASTOPEN} |
 * | Send as fast as is good (congestion control) | {@linkcode TCP_CONGESTION}, {@linkcode SO_MAX_PACING_RATE}, {@linkcode TCP_MAXSEG} |
 * | Send to many (multicast) | {@linkcode IP_ADD_MEMBERSHIP}, {@linkcode IP_MULTICAST_IF}, {@linkcode IP_MULTICAST_TTL}, {@linkcode IPV6_JOIN_GROUP} |
 * | Start again on a port, or share it (address reuse) | {@linkcode SO_REUSEADDR}, {@linkcode SO_REUSEPORT}, {@linkcode SO_ATTACH_REUSEPORT_CBPF} |
 * | Choose addresses, ports and interfaces (binding and routes) | {@linkcode IPV6_V6ONLY}, {@linkcode SO_BINDTODEVICE}, {@linkcode IP_FREEBIND}, {@linkcode IP_LOCAL_PORT_RANGE}, {@linkcode SO_MARK} |
 * | See what happens (diagnosis) | {@linkcode TCP_INFO}, {@linkcode TCP_CC_INFO}, {@linkcode SO_MEMINFO}, {@linkcode SO_ERROR}, {@linkcode readOptions}, {@linkcode kernelLimits} |
 * | Mark packets (packet headers) | {@linkcode IP_TOS}, {@linkcode IP_TTL}, {@linkcode IPV6_TCLASS}, {@linkcode SO_PRIORITY} |
 * | Learn more with each datagram (control messages) | {@linkcode IP_PKTINFO}, {@linkcode SO_TIMESTAMPING}, {@linkcode IP_RECVERR} |
 * | Know who is there (Unix sockets) | {@linkcode SO_PEERCRED}, {@linkcode SO_PASSCRED} |
 * | Sign segments | {@linkcode TCP_MD5SIG}, {@linkcode TCP_AO_ADD_KEY} |
 *
 * {@linkcode listen} and {@linkcode connect} have options in force before bind(2) and before the handshake, as
 * {@linkcode SocketSettings} or by name; {@linkcode serve} asserts them on every connection, and
 * {@linkcode protocolHandler} serves in the manner of asyncio.
 *
 * @example Read and set
 * ```ts
 * import { getOption, setOption, TCP_INFO, TCP_NODELAY } from "@sockopt/tcp";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr;
 * using conn = await Deno.connect({ hostname: "127.0.0.1", port });
 * setOption(conn, TCP_NODELAY, true); // small writes do not wait
 * console.log(getOption(conn, TCP_INFO).rtt, "µs"); // the round trip, as the kernel has measured it
 * ```
 *
 * @example Serve with options in force
 * ```ts
 * import { echoOnce, serve } from "@sockopt/tcp";
 *
 * await using server = serve({
 *   hostname: "127.0.0.1",
 *   port: 0,
 *   settings: { noDelay: true, keepAlive: { idle: 30 } },
 * }, echoOnce());
 * ```
 *
 * @module
 */

// functions first: the reference lists the symbols in this order
export { getOption } from "./src/options/get_option.ts";
export { setOption } from "./src/options/set_option.ts";
export { assertOption, OptionAssertionError } from "./src/options/assert_option.ts";
export { readOptions } from "./src/options/read_options.ts";
export {
  applySettings,
  type KeepAlive,
  type OptionSetting,
  type OptionValue,
  type SettingReport,
  type SocketSettings,
} from "./src/options/settings.ts";
export { type BufferRange, type KernelLimits, kernelLimits } from "./src/options/kernel_limits.ts";
export { listen } from "./src/net/listen.ts";
export { connect, type ConnectOptions } from "./src/net/connect.ts";
export { serve } from "./src/serve/serve.ts";
export { echo, echoOnce } from "./src/serve/echo.ts";
export { socketFd } from "./src/options/socket_fd.ts";
export { defineOption, type OptionDefinition } from "./src/options/define_option.ts";
export { supportedOptions } from "./src/options/supported_options.ts";
export * from "./ffi/options/ip.ts";
export * from "./ffi/options/ipv6.ts";
export * from "./ffi/options/mptcp.ts";
export * from "./ffi/options/socket.ts";
export * from "./ffi/options/tcp.ts";
export * from "./ffi/options/udp.ts";
export * from "./ffi/options/vsock.ts";
export type { BpfInstruction } from "./ffi/bpf.ts";
export type { Codec, MtuDiscover, SocketDomain } from "./ffi/codec.ts";
export type {
  FilterMode,
  FlowLabelAction,
  FlowLabelFlag,
  FlowLabelRequest,
  FlowLabelShare,
  GroupFilter,
  GroupRequest,
  GroupSourceRequest,
  Ipv6Membership,
  Ipv6PacketInfo,
  Membership,
  PortRange,
  SourceFilter,
  SourceFilterQuestion,
  SourceMembership,
} from "./ffi/ip_structs.ts";
export type { OptionTable } from "./ffi/option_table.ts";
export type { PlainState } from "./ffi/describe_socket.ts";
export type { MptcpInfo } from "./ffi/mptcp_info.ts";
export { SocketError, type SocketErrorDetails } from "./ffi/socket_error.ts";
export {
  type AnySocketOption,
  type AskedOption,
  type DefinedOption,
  isSupported,
  type OptionAccess,
  type OptionLevel,
  type ReadableOption,
  type SocketOption,
  type WritableOption,
} from "./ffi/socket_option.ts";
export type {
  Clock,
  CongestionInfo,
  Linger,
  Md5Signature,
  RepairOption,
  RepairWindow,
  SocketMemory,
  Timestamping,
  TimestampingFlag,
  TxTime,
  Ucred,
} from "./ffi/structs.ts";
export type {
  TcpAoCounters,
  TcpAoInfo,
  TcpAoKey,
  TcpAoKeyId,
  TcpAoKeyQuestion,
  TcpAoKeyRemoval,
  TcpAoKeyState,
  TcpAoRepair,
} from "./ffi/tcp_ao.ts";
export type {
  CongestionState,
  EcnMode,
  FastOpenFailure,
  TcpInfo,
  TcpInfoOptions,
  TcpState,
} from "./ffi/tcp_info.ts";
/**
 * The codecs that are ready for {@linkcode defineOption}.
 *
 * @category Any option
 */
export * as codecs from "./src/options/codecs.ts";
export type { ConnHandler, ConnInfo } from "./src/serve/conn_handler.ts";
export { connectProtocol, type ConnectProtocolOptions } from "./src/serve/connect_protocol.ts";
export type { ListenOptions } from "./src/net/listen_options.ts";
export type { LogFunction, Logger, ReadyLogger } from "./src/net/logger.ts";
export type {
  BaseProtocol,
  BufferedProtocol,
  ExtraInfo,
  Protocol,
  Transport,
  WriteBufferLimits,
} from "./src/serve/protocol.ts";
export type { ProxyHeader, ProxyTls, ProxyTlv } from "./src/serve/proxy_protocol.ts";
export type { OpenConnection } from "./src/serve/open_connection.ts";
export { protocolHandler } from "./src/serve/protocol_handler.ts";
export type { TransportSocket } from "./src/serve/transport_socket.ts";
export { relay, type Relayed } from "./src/serve/relay.ts";
export { openSockets } from "./src/net/open_sockets.ts";
export { reset } from "./src/net/reset.ts";
export type {
  ProxyProtocolOptions,
  ServeOptions,
  ServeTlsOptions,
  TcpServer,
} from "./src/serve/serve_options.ts";
export type { AcceptQueue, ServerStats } from "./src/serve/stats.ts";
export type {
  AddressPair,
  DatagramSocket,
  HttpServer,
  OpenSocket,
  SocketLike,
} from "./src/options/socket_like.ts";
