"""The peer of all scenarios, with a blocking socket: takes commands on standard input, a line each, answers each with a line.

It connects to a server, or is what a client connects to. What it answers is noted in the trace, unless it is empty.

usage: peer.py CERTIFICATE KEY
"""
import socket
import ssl
import struct
import sys
import threading

listener = s = flood = None


def small_socket():
    """A socket that takes little, so that what is not read stays with the other side soon."""
    it = socket.socket()
    it.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
    it.settimeout(5)
    return it


def connect(port):
    global s
    s = small_socket()
    s.connect(("127.0.0.1", int(port)))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def listen():
    global listener
    listener = small_socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return str(listener.getsockname()[1])


def accept():
    global s
    s, _ = listener.accept()
    listener.close()
    s.settimeout(5)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def start_tls(as_server):
    global s
    if as_server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*sys.argv[1:3])
        context.num_tickets = 0
    else:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # to tell an end with close_notify from one without
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    s = context.wrap_socket(s, server_side=as_server, suppress_ragged_eofs=False)


def read(most):
    """Reads so many bytes, or to the end: how many there were, and how it ended."""
    n, end = 0, ""
    try:
        while n < most:
            data = s.recv(min(most - n, 1 << 20))
            if not data:
                end = ", end"
                break
            n += len(data)
    except ssl.SSLError as error:
        if "EOF" not in error.reason:
            raise
        end = ", cut off"
    except ConnectionResetError:
        end = ", reset"
    except TimeoutError:
        end = ", nothing more"
    return n, end


class Flood(threading.Thread):
    """Sends much, and tells how that went."""

    def __init__(self, size):
        super().__init__(daemon=True)
        self.size, self.result = size, "sent all"

    def run(self):
        try:
            s.sendall(bytes(self.size))
        except OSError:
            self.result = "could not send all"


def unwrap():
    """Says in TLS that nothing more will come, and waits for the peer to say it too."""
    try:
        s.unwrap()
        return "unwrapped"
    except (OSError, ValueError):
        return ""


def take_tickets():
    """Reads what TLS itself has sent: with data unread, closing resets the connection."""
    if not isinstance(s, ssl.SSLSocket):
        return
    s.settimeout(0)
    try:
        s.recv(1)
    except OSError:
        pass


def run(command):
    global flood
    word, *args = command.split(" ")
    match word:
        case "connect":
            connect(*args)
        case "listen":
            return listen()
        case "accept":
            accept()
        case "start_tls":
            start_tls(args == ["server"])
        case "send":
            s.sendall(" ".join(args).encode())
        case "try_send":
            try:
                s.sendall(" ".join(args).encode())
            except OSError:
                return "cannot send"
        case "flood":
            flood = Flood(int(args[0]))
            flood.start()
        case "flooded":
            flood.join(10)
            return "still sending" if flood.is_alive() else flood.result
        case "eof":
            socket.socket.shutdown(s, socket.SHUT_WR)
        case "unwrap":
            return unwrap()
        case "read":
            n, end = read(int(args[0]))
            return f"read {n}{end}"
        case "read_all":
            n, end = read(1 << 40)
            return f"read {n}{end}"
        case "drain":
            # how much there was depends on the time
            return "drained" + read(1 << 40)[1]
        case "close":
            take_tickets()
            s.close()
        case "reset":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        case _:
            return f"unknown command: {command}"
    return ""


for line in sys.stdin:
    print(run(line.rstrip("\n")), flush=True)
