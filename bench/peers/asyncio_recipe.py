"""The asyncio recipe: `asyncio_recipe.py once|stream PORT asyncio|uvloop [cork|CERT KEY]`.

`cork` sends the echo and the FIN in one segment.
"""

import asyncio
import socket
import ssl
import sys

mode, port, loop, *more = sys.argv[1:]
tls = None
if len(more) == 2:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*more)


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        s = transport.get_extra_info("socket")
        if more == ["cork"]:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        assert s.type is socket.SOCK_STREAM
        assert s.getpeername() == transport.get_extra_info("peername")
        assert s.getsockname() == transport.get_extra_info("sockname")
        assert s.gettimeout() == 0.0
        assert s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 1
        assert s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) == 1
        if mode == "once":
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            assert s.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK) == 1

    def data_received(self, data):
        self.transport.write(data)
        if mode == "once":
            self.transport.close()


async def main():
    server = await asyncio.get_running_loop().create_server(
        Echo, "127.0.0.1", int(port), ssl=tls, backlog=511, reuse_address=True, reuse_port=True
    )
    await server.serve_forever()


if loop == "uvloop":
    import uvloop

    uvloop.install()
asyncio.run(main())
