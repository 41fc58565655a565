/**
 * The C library: every function that this package calls, and where it is found.
 *
 * @module
 */

import { isDarwin, isLinux, platformName } from "./platform.ts";

/** Both ways to call it. */
const GETADDRINFO = {
  parameters: [
    "buffer", // const char *node
    "buffer", // const char *service
    "buffer", // const struct addrinfo *hints
    "buffer", // struct addrinfo **res
  ],
  result: "i32",
} as const;

/** The symbols of libc that are used, each parameter with its C name. */
const SYMBOLS = {
  // socket options
  getsockopt: {
    parameters: [
      "i32", // int sockfd
      "i32", // int level
      "i32", // int optname
      "buffer", // void *optval
      "buffer", // socklen_t *optlen
    ],
    result: "i32",
  },
  setsockopt: {
    parameters: [
      "i32", // int sockfd
      "i32", // int level
      "i32", // int optname
      "buffer", // const void *optval
      "u32", // socklen_t optlen
    ],
    result: "i32",
  },

  // addresses
  getsockname: {
    parameters: [
      "i32", // int sockfd
      "buffer", // struct sockaddr *addr
      "buffer", // socklen_t *addrlen
    ],
    result: "i32",
  },
  getpeername: {
    parameters: [
      "i32", // int sockfd
      "buffer", // struct sockaddr *addr
      "buffer", // socklen_t *addrlen
    ],
    result: "i32",
  },
  bind: {
    parameters: [
      "i32", // int sockfd
      "buffer", // const struct sockaddr *addr
      "u32", // socklen_t addrlen
    ],
    result: "i32",
  },
  connect: {
    parameters: [
      "i32", // int sockfd
      "buffer", // const struct sockaddr *addr
      "u32", // socklen_t addrlen
    ],
    result: "i32",
  },
  socket: {
    parameters: [
      "i32", // int domain
      "i32", // int type
      "i32", // int protocol
    ],
    result: "i32",
  },
  accept: {
    parameters: [
      "i32", // int sockfd
      "buffer", // struct sockaddr *addr
      "buffer", // socklen_t *addrlen
    ],
    result: "i32",
  },
  setns: {
    parameters: [
      "i32", // int fd
      "i32", // int nstype
    ],
    result: "i32",
  },
  listen: {
    parameters: [
      "i32", // int sockfd
      "i32", // int backlog
    ],
    result: "i32",
  },
  inet_pton: {
    parameters: [
      "i32", // int af
      "buffer", // const char *src
      "buffer", // void *dst
    ],
    result: "i32",
  },
  inet_ntop: {
    parameters: [
      "i32", // int af
      "buffer", // const void *src
      "buffer", // char *dst
      "u32", // socklen_t size
    ],
    result: "pointer",
  },

  // names
  getaddrinfoNow: { name: "getaddrinfo", ...GETADDRINFO },
  freeaddrinfo: {
    parameters: [
      "usize", // struct addrinfo *res
    ],
    result: "void",
  },
  if_nametoindex: {
    parameters: [
      "buffer", // const char *ifname
    ],
    result: "u32",
  },
  if_indextoname: {
    parameters: [
      "u32", // unsigned int ifindex
      "buffer", // char *ifname, of IF_NAMESIZE
    ],
    result: "pointer",
  },

  // file descriptors
  fcntl: {
    // variadic in C: bound for the commands that take no third argument only
    parameters: [
      "i32", // int fd
      "i32", // int cmd
    ],
    result: "i32",
  },
  fcntlOf: {
    name: "fcntl",
    // with its third argument, for Linux alone: on macOS arm64 it travels on the stack
    parameters: [
      "i32", // int fd
      "i32", // int cmd
      "i32", // int arg
    ],
    result: "i32",
  },
  poll: {
    parameters: [
      "buffer", // struct pollfd *fds
      "u64", // nfds_t nfds
      "i32", // int timeout
    ],
    result: "i32",
  },
  dup: {
    parameters: [
      "i32", // int oldfd
    ],
    result: "i32",
  },
  dup3: {
    parameters: [
      "i32", // int oldfd
      "i32", // int newfd
      "i32", // int flags
    ],
    result: "i32",
  },
  epoll_ctl: {
    parameters: [
      "i32", // int epfd
      "i32", // int op
      "i32", // int fd
      "buffer", // struct epoll_event *event
    ],
    result: "i32",
  },
  close: {
    parameters: [
      "i32", // int fd
    ],
    result: "i32",
  },
  getdtablesize: { parameters: [], result: "i32" },
  open: {
    // variadic in C: bound for flags that take no mode only
    parameters: [
      "buffer", // const char *pathname
      "i32", // int flags
    ],
    result: "i32",
  },
  readlink: {
    parameters: [
      "buffer", // const char *pathname
      "buffer", // char *buf
      "usize", // size_t bufsiz
    ],
    result: "i32", // ssize_t, as below
  },
  read: {
    parameters: [
      "i32", // int fd
      "buffer", // void *buf
      "usize", // size_t count
    ],
    result: "i32", // ssize_t; no call here moves 2 GiB, and a number is cheaper than a bigint
  },

  ioctl: {
    // variadic in C: bound for Linux alone, where such an argument travels as any other
    parameters: [
      "i32", // int fd
      "u64", // unsigned long op
      "buffer", // char *argp
    ],
    result: "i32",
  },

  // data
  recv: {
    parameters: [
      "i32", // int sockfd
      "buffer", // void *buf
      "usize", // size_t len
      "i32", // int flags
    ],
    result: "i32", // ssize_t, as above
  },
  send: {
    parameters: [
      "i32", // int sockfd
      "buffer", // const void *buf
      "usize", // size_t len
      "i32", // int flags
    ],
    result: "i32", // ssize_t, as above
  },
  shutdown: {
    parameters: [
      "i32", // int sockfd
      "i32", // int how
    ],
    result: "i32",
  },

  // on a thread of Deno's pool, and so a promise
  sched_yield: { parameters: [], result: "i32", nonblocking: true },
  getaddrinfo: { ...GETADDRINFO, nonblocking: true },

  // the kernel
  syscall: {
    // for what older libcs do not have; variadic as ioctl, and for Linux alone
    parameters: [
      "i64", // long number
      "i64",
      "i64",
      "i64",
      "i64",
      "i64",
    ],
    result: "i32", // long, of calls whose result is an int
  },
  uname: {
    parameters: [
      "buffer", // struct utsname *buf
    ],
    result: "i32",
  },

  // this process
  _exit: {
    parameters: ["i32"], // int status
    result: "void",
  },
  signal: {
    parameters: [
      "i32", // int signum
      "usize", // sighandler_t handler; a number, as only SIG_IGN is given
    ],
    result: "usize",
  },

  // errno: its address under Linux and under macOS, and a way to read it
  __errno_location: { parameters: [], result: "pointer", optional: true },
  __error: { parameters: [], result: "pointer", optional: true },
  memcpy: {
    parameters: [
      "buffer", // void *dest
      "pointer", // const void *src
      "usize", // size_t n
    ],
    result: "usize", // void *, as a number: a pointer takes the permission for all of FFI
  },
  memcpyFrom: {
    // the same, of memory whose address is known as a number
    name: "memcpy",
    parameters: [
      "buffer", // void *dest
      "usize", // const void *src
      "usize", // size_t n
    ],
    result: "usize",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of libc, callable. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let symbols: Libc | undefined;

/**
 * The functions of libc. Found at the first call, so that importing the package asks for nothing; and each function is
 * bound at its own first use, as that takes a third of a millisecond; those that read errno come first.
 *
 * @throws {Deno.errors.NotSupported} on a platform that is neither Linux nor macOS.
 * @throws {Deno.errors.NotCapable} without the permission to open libc; it never prompts.
 */
export function libc(): Libc {
  return symbols ??= bindLazily(find());
}

/** Where a buffer lies, for a structure that points to it. It lies there as long as somebody holds it. */
export function addressOf(buffer: Uint8Array<ArrayBuffer>): bigint {
  return libc().memcpy(buffer, null, 0n);
}

function bindLazily(path: string): Libc {
  // to bind a function takes calls that may change errno: what reads it is there before any can fail
  const { __errno_location, __error, memcpy } = SYMBOLS;
  const functions = { ...Deno.dlopen(path, { __errno_location, __error, memcpy }).symbols };
  for (const name of Object.keys(SYMBOLS) as (keyof typeof SYMBOLS)[]) {
    if (name in functions) continue;
    Object.defineProperty(functions, name, {
      configurable: true,
      get() {
        const value = Deno.dlopen(path, { [name]: SYMBOLS[name] }).symbols[name];
        Object.defineProperty(functions, name, { value });
        return value;
      },
    });
  }
  return functions as unknown as Libc;
}

/** The name or the path under which libc can be opened. */
function find(): string {
  if (!isLinux && !isDarwin) {
    throw new Deno.errors.NotSupported(
      `socket options are supported on Linux and macOS, not on ${platformName}`,
    );
  }
  const { names, paths } = places(Deno.build.arch);
  const mayOpenAny = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  const candidates = mayOpenAny ? [...names, ...paths] : paths.filter(mayOpen);
  if (candidates.length === 0) {
    throw new Deno.errors.NotCapable(
      `socket options need the C library: run with --allow-ffi, or --allow-ffi=${
        paths[0]
      } for no more than that`,
    );
  }
  let failure: unknown;
  for (const name of candidates) {
    try {
      Deno.dlopen(name, {});
      return name;
    } catch (error) {
      failure = error;
    }
  }
  throw new Deno.errors.NotSupported(
    `the C library was not found as ${candidates.join(", ")}: ${(failure as Error).message}`,
  );
}

function mayOpen(path: string): boolean {
  return Deno.permissions.querySync({ name: "ffi", path }).state === "granted";
}

/** Where libc lies: names for the dynamic linker, and the paths to which `--allow-ffi` can be narrowed. */
function places(arch: string): { names: string[]; paths: string[] } {
  if (isDarwin) {
    return { names: ["libSystem.B.dylib"], paths: ["/usr/lib/libSystem.B.dylib"] };
  }
  const debian = `${arch}-linux-gnu`;
  const musl = `ld-musl-${arch}.so.1`;
  return {
    names: ["libc.so.6", `libc.musl-${arch}.so.1`, musl],
    paths: [
      `/lib/${debian}/libc.so.6`,
      `/usr/lib/${debian}/libc.so.6`,
      "/lib64/libc.so.6",
      "/usr/lib64/libc.so.6",
      "/lib/libc.so.6",
      "/usr/lib/libc.so.6",
      `/lib/libc.musl-${arch}.so.1`,
      `/lib/${musl}`,
      `/usr/lib/${musl}`,
    ],
  };
}
