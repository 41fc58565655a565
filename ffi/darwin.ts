/**
 * The numbers that macOS gives to the options of the table, from its public headers (sys/socket.h,
 * netinet/tcp.h, netinet/in.h, netinet6/in6.h). What is not here, macOS does not have.
 *
 * These numbers were taken from the headers; they have not been run on a macOS kernel yet.
 *
 * @module
 */

/** Option name to number. */
export const DARWIN_OPTIONS: Readonly<Record<string, number>> = {
  // SOL_SOCKET
  SO_ACCEPTCONN: 0x0002,
  SO_KEEPALIVE: 0x0008,
  SO_LINGER: 0x1080, // SO_LINGER_SEC, in seconds as on Linux; SO_LINGER itself counts in ticks
  SO_REUSEADDR: 0x0004,
  SO_REUSEPORT: 0x0200,
  SO_RCVBUF: 0x1002,
  SO_SNDBUF: 0x1001,
  SO_TYPE: 0x1008,
  // IPPROTO_TCP
  TCP_NODELAY: 0x01,
  TCP_KEEPIDLE: 0x10, // TCP_KEEPALIVE
  TCP_KEEPINTVL: 0x101,
  TCP_KEEPCNT: 0x102,
};
