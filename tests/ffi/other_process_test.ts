/** Looking at another process: its descriptors, its threads, and what keeps one from it. */

import { assertEquals, assertThrows } from "@std/assert";
import { isSocket, numbersIn, OtherProcess, shareDescriptors } from "../../ffi/other_process.ts";
import { SocketError } from "../../ffi/socket_error.ts";
import { testWith } from "../helpers.ts";
import { Target, testPeeking } from "../inspect/target.ts";

/** The code of the error that a call ends with. */
function codeOf(call: () => unknown): string {
  return assertThrows(call, SocketError).code;
}

testPeeking("the descriptors of a process are found, and which of them are sockets", async () => {
  await using target = await Target.start("l, a, c = pair(); p = os.pipe()");
  const folder = `/proc/${await target.pid}/fd`;
  const fds = await target.ask(`sorted(map(int, os.listdir("/proc/self/fd")))`) as number[];
  assertEquals(numbersIn(folder), fds.filter((fd) => numbersIn(folder).includes(fd)));
  const sockets = await target.ask("sorted(s.fileno() for s in (l, a, c))");
  assertEquals(numbersIn(folder).filter((fd) => isSocket(folder, fd)), sockets);
});

testPeeking("what has gone meanwhile says so by its code", async () => {
  const target = await Target.start("l, a, c = pair()");
  const pid = await target.pid;
  using process = new OtherProcess(pid);
  const fd = await target.ask("a.fileno()") as number;
  await target.ask("a.close()");
  assertEquals(codeOf(() => process.borrow(fd, () => {})), "EBADF");
  await target.end();
  await target[Symbol.asyncDispose]();
  assertEquals(codeOf(() => process.borrow(fd, () => {})), "ESRCH");
  assertEquals(codeOf(() => new OtherProcess(pid)), "ESRCH");
  assertEquals(codeOf(() => numbersIn(`/proc/${pid}/fd`)), "ENOENT");
});

const UNSHARED = `
import ctypes
ready = threading.Event()
def apart():
    global tid
    ctypes.CDLL(None).unshare(0x400) # CLONE_FILES
    tid = threading.get_native_id()
    ready.set()
    time.sleep(60)
threading.Thread(target=apart, daemon=True).start()
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
ready.wait()
`;

testWith(
  ["Linux", "python3"],
  "threads share their descriptors, unless one has its own",
  async () => {
    await using target = await Target.start(UNSHARED);
    const pid = await target.pid;
    const own = await target.ask("tid") as number;
    const threads = numbersIn(`/proc/${pid}/task`);
    assertEquals(threads.length, 3);
    for (const thread of threads) assertEquals(shareDescriptors(pid, thread), thread !== own);
  },
);
