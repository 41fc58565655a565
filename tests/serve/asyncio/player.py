"""The scenarios of scenarios.ts as asyncio plays them: the twin of protocol.ts.

Takes commands on standard input and tells on standard output what happens, a line of JSON each.

usage: server.py CERTIFICATE KEY [--uvloop]
"""
import asyncio
import json
import logging
import ssl
import sys


def tell(**what):
    print(json.dumps(what), flush=True)


def note(event):
    tell(event=event)


def bool_text(value):
    return "true" if value else "false"


def error_name(error):
    """An exception by the name that both languages have for it."""
    match error:
        case None:
            return ""
        case ConnectionResetError():
            return "ConnectionReset"
        case BrokenPipeError():
            return "BrokenPipe"
        case ValueError():
            return str(error)
        case RuntimeError():
            return "Error"
        case _:
            return type(error).__name__


class Actor:
    """Notes every callback, then does what the scenario says of it."""

    def __init__(self, play, name=""):
        self.play, self.name, self.counts = play, name, {}

    def on(self, event, *details):
        note(" ".join([self.name + event, *details]))
        key = self.name + event
        n = self.counts[key] = self.counts.get(key, -1) + 1
        actions = self.play.on.get(key, [])
        actions = [actions] if isinstance(actions, str) else actions
        return self.play.act(actions[n] if n < len(actions) else self.play.on.get(f"every {key}", ""))

    def connection_made(self, transport):
        self.play.transport = transport
        self.on("made")

    def eof_received(self):
        return self.on("eof")

    def pause_writing(self):
        self.on("pause")

    def resume_writing(self):
        self.on("resume")

    def connection_lost(self, error):
        self.on("lost", *filter(None, [error_name(error)]))


class PlainActor(Actor, asyncio.Protocol):
    """One that is given its data."""

    def data_received(self, data):
        self.on("data", str(len(data)))


class BufferedActor(Actor, asyncio.BufferedProtocol):
    """One with memory of its own."""

    def __init__(self, play, name=""):
        super().__init__(play, name)
        self.memory = bytearray(play.memory)

    def get_buffer(self, size_hint):
        if "raise in get" in self.play.on:
            raise ValueError("on purpose")
        return self.memory

    def buffer_updated(self, n):
        self.on("updated", str(n))


class Play:
    """One scenario."""

    def __init__(self, scenario):
        self.on = scenario.get("on", {})
        self.memory = scenario.get("memory", 4)
        self.buffered = scenario.get("buffered", False)
        self.tls = scenario.get("tls", False)
        self.transport = self.server = None

    def protocol(self, buffered, name=""):
        return (BufferedActor if buffered else PlainActor)(self, name)

    async def connect(self, port):
        context = None
        if self.tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        await asyncio.get_running_loop().create_connection(
            lambda: self.protocol(self.buffered), "127.0.0.1", port, ssl=context
        )

    async def listen(self, context):
        self.server = await asyncio.get_running_loop().create_server(
            lambda: self.protocol(self.buffered),
            "127.0.0.1",
            0,
            ssl=context if self.tls else None,
        )
        return self.server.sockets[0].getsockname()[1]

    def act(self, actions):
        """Does what a list says, with `;` between; the result is what `keep` has the callback return."""
        result = None
        for action in filter(None, map(str.strip, actions.split(";"))):
            word, *args = action.split(" ")
            if word == "raise":
                raise ValueError("on purpose")
            if word == "keep":
                result = True
                continue
            try:
                self.do(word, args)
            except (TypeError, RuntimeError, ValueError):
                note("refused")
        return result

    def do(self, word, args):
        t = self.transport
        match word:
            case "write":
                t.write(" ".join(args).encode())
            case "write_text":
                t.write("text")
            case "fill":
                t.write(bytes(int(args[0])))
            case "fill_until_full":
                while t.get_write_buffer_size() == 0:
                    t.write(bytes(1 << 20))
            case "writelines":
                t.writelines([arg.encode() for arg in args])
            case "writelines_fill":
                t.writelines([bytes(int(arg)) for arg in args])
            case "writelines_none":
                t.writelines([])
            case "write_eof":
                t.write_eof()
            case "close":
                t.close()
            case "abort":
                t.abort()
            case "pause_reading":
                t.pause_reading()
            case "resume_reading":
                t.resume_reading()
            case "limits":
                high, low = (None if arg == "-" else int(arg) for arg in args)
                t.set_write_buffer_limits(high=high, low=low)
            case "set_protocol":
                t.set_protocol(self.protocol(args == ["buffered"], "other "))
            case "note":
                self.note(args[0])
            case _:
                sys.exit(f"unknown action: {word}")

    def note(self, what):
        t = self.transport
        match what:
            case "closing":
                note(f"closing {bool_text(t.is_closing())}")
            case "reading":
                note(f"reading {bool_text(t.is_reading())}")
            case "buffered":
                note(f"buffered {bool_text(t.get_write_buffer_size() > 0)}")
            case "limits":
                low, high = t.get_write_buffer_limits()
                note(f"limits {high} {low}")
            case "can_write_eof":
                note(f"can_write_eof {bool_text(t.can_write_eof())}")
            case "peername":
                note(f"peername {t.get_extra_info('peername')[0]}")
            case "socket":
                note(f"socket {bool_text(t.get_extra_info('socket') is not None)}")
            case "nonsense":
                note(f"nonsense {bool_text(t.get_extra_info('nonsense') is not None)}")
            case _:
                sys.exit(f"nothing to note: {what}")

    def stop(self, again):
        """What close_clients() and abort_clients() do, which came with Python 3.13."""
        self.server.close()
        if again:
            self.transport.abort()
        else:
            self.transport.close()


async def main(certificate, key):
    loop = asyncio.get_running_loop()

    def failed(loop, context):
        # what a client has done is no error of the program's
        error = context.get("exception")
        if not isinstance(error, OSError):
            tell(error=error_name(error) or context["message"])

    loop.set_exception_handler(failed)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    tell(version=sys.version.split()[0])
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    play = None
    while line := await reader.readline():
        command = json.loads(line)
        if "begin" in command:
            play = Play(command["begin"])
            if command.get("connect"):
                await play.connect(command["connect"])
            else:
                tell(port=await play.listen(context))
                continue
        elif "do" in command:
            play.act(command["do"])
        elif "stop" in command:
            play.stop(command["stop"] == "again")
        elif play.server is not None:
            play.server.close()
        tell(done=True)


logging.disable(logging.WARNING)
arguments = sys.argv[1:]
if "--uvloop" in arguments:
    import uvloop

    uvloop.install()
asyncio.run(main(*arguments[:2]))
