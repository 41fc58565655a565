/**
 * Socket options for Deno: read, set and assert any of them on any socket, and serve TCP with them in
 * force.
 *
 * @example
 * ```ts
 * import { echoOnce, serve } from "@sockopt/tcp";
 *
 * await using server = serve(
 *   { hostname: "127.0.0.1", port: 0, settings: { noDelay: true, keepAlive: { idle: 30 } } },
 *   echoOnce(),
 * );
 * ```
 *
 * @module
 */

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
export {
  applySettings,
  type KeepAlive,
  type OptionSetting,
  type OptionValue,
  type SettingReport,
  type SocketSettings,
} from "./src/options/settings.ts";
export { assertOption, OptionAssertionError } from "./src/options/assert_option.ts";
export * as codecs from "./src/options/codecs.ts";
export type { ConnHandler, ConnInfo } from "./src/serve/conn_handler.ts";
export { connectProtocol, type ConnectProtocolOptions } from "./src/serve/connect_protocol.ts";
export { defineOption, type OptionDefinition } from "./src/options/define_option.ts";
export { echo, echoOnce } from "./src/serve/echo.ts";
export { getOption } from "./src/options/get_option.ts";
export { type BufferRange, type KernelLimits, kernelLimits } from "./src/options/kernel_limits.ts";
export { connect, type ConnectOptions } from "./src/net/connect.ts";
export { listen } from "./src/net/listen.ts";
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
export { readOptions } from "./src/options/read_options.ts";
export { relay, type Relayed } from "./src/serve/relay.ts";
export { openSockets } from "./src/net/open_sockets.ts";
export { reset } from "./src/net/reset.ts";
export { serve } from "./src/serve/serve.ts";
export type {
  ProxyProtocolOptions,
  ServeOptions,
  ServeTlsOptions,
  TcpServer,
} from "./src/serve/serve_options.ts";
export type { AcceptQueue, ServerStats } from "./src/serve/stats.ts";
export { setOption } from "./src/options/set_option.ts";
export { socketFd } from "./src/options/socket_fd.ts";
export type {
  AddressPair,
  DatagramSocket,
  HttpServer,
  OpenSocket,
  SocketLike,
} from "./src/options/socket_like.ts";
export { supportedOptions } from "./src/options/supported_options.ts";
