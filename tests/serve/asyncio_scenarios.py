"""The scenarios of protocol_test.ts as asyncio serves them: prints the port, then the callbacks as they came.

usage: asyncio_scenarios.py SCENARIO
"""
import asyncio
import json
import sys

BIG = 20 * 1024 * 1024
events = []


class Recorder(asyncio.Protocol):
    """Notes every callback, and does what the scenario says."""

    def __init__(self, scenario, ended):
        self.scenario, self.ended = scenario, ended

    def connection_made(self, transport):
        events.append("made")
        self.transport = transport
        if self.scenario == "greet":
            transport.write(b"hello")

    def data_received(self, data):
        if self.scenario != "many":
            events.append(f"data {len(data)}")
        t = self.transport
        match self.scenario:
            case "echo-once":
                t.write(data)
                t.close()
                events.append(f"closing {t.is_closing()} {t.is_reading()}")
                t.write(b"ignored")
            case "write-eof":
                t.write(b"last words")
                t.write_eof()
                try:
                    t.write(b"more")
                except RuntimeError:
                    events.append("refused")
            case "abort":
                t.abort()
            case "abort-full":
                t.write(bytes(BIG))
                events.append(f"buffered {t.get_write_buffer_size() > 0}")
                t.abort()
                events.append(f"buffered {t.get_write_buffer_size() > 0}")
            case "close-full":
                t.write(bytes(BIG))
                t.close()
            case "slow-reader":
                t.set_write_buffer_limits(high=1000, low=100)
                t.write(bytes(BIG))
                events.append("written")
            case "raise-in-data":
                raise ValueError("on purpose")
            case "switch":
                t.set_protocol(Other(self))
            case "pause":
                t.pause_reading()
                events.append(f"reading {t.is_reading()}")
                asyncio.get_running_loop().call_later(0.1, self.resume)

    def resume(self):
        events.append("resumed")
        self.transport.resume_reading()

    def eof_received(self):
        events.append("eof")
        match self.scenario:
            case "keep-open":
                self.transport.write(b"bye")
                asyncio.get_running_loop().call_later(0.05, self.transport.close)
                return True
            case "raise-in-eof":
                raise ValueError("on purpose")

    def pause_writing(self):
        events.append("pause")

    def resume_writing(self):
        events.append("resume")

    def connection_lost(self, exc):
        events.append("lost" if exc is None else "lost with an error")
        if not self.ended.done():
            self.ended.set_result(None)


class Other(asyncio.Protocol):
    """Takes over from a Recorder."""

    def __init__(self, first):
        self.first = first

    def data_received(self, data):
        events.append(f"other {len(data)}")
        self.first.transport.close()

    def connection_lost(self, exc):
        events.append("other lost")
        self.first.ended.set_result(None)


class Buffered(asyncio.BufferedProtocol):
    """Takes its data in pieces of four bytes."""

    def __init__(self, ended):
        self.ended, self.memory, self.all = ended, bytearray(4), b""

    def connection_made(self, transport):
        events.append("made")

    def get_buffer(self, sizehint):
        return self.memory

    def buffer_updated(self, nbytes):
        self.all += self.memory[:nbytes]

    def eof_received(self):
        events.append(f"eof after {self.all.decode()}")

    def connection_lost(self, exc):
        events.append("lost")
        self.ended.set_result(None)


async def main(scenario):
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: None)
    ended = loop.create_future()
    factory = (lambda: Buffered(ended)) if scenario == "buffered" else (lambda: Recorder(scenario, ended))
    server = await loop.create_server(factory, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.wait_for(ended, 20)
    await asyncio.sleep(0.05)  # nothing may come after connection_lost
    print(json.dumps(events), flush=True)


asyncio.run(main(sys.argv[1]))
