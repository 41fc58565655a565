/**
 * SO_RCVBUF, SO_SNDBUF: what the kernel makes of a size, and what it does to throughput.
 *
 * They limit, in bytes, what is not read yet, or not acknowledged. Linux doubles what is asked for, since its
 * bookkeeping counts as well, and caps it at net.core.rmem_max and wmem_max; reading tells the doubled size. TCP
 * sends no more than a buffer per round trip, so it takes rate x round trip; UDP drops what does not fit, without a
 * word. Traps: TCP tunes a buffer that was never set (net.ipv4.tcp_rmem, tcp_wmem) and leaves alone one that was, so
 * a fixed size is often worse than none; to count for the window scale SO_RCVBUF must be set before the handshake, on
 * the listener.
 *
 * Sources: socket(7), tcp(7), udp(7), RFC 7323 section 2.
 */

import { getOption, kernelLimits, setOption, SO_MEMINFO, SO_RCVBUF, SO_SNDBUF } from "@sockopt/tcp";
import { inOwnNetwork, slowLink } from "./shared/network.ts";
import { conclude, expect, round } from "./shared/report.ts";

const hostname = "127.0.0.1";
const SECONDS = 2;
const DATAGRAMS = 200;
const openUdp = () => Deno.listenDatagram({ hostname, port: 0, transport: "udp" });

/** What the kernel makes of a size. */
function sizes(): void {
  const { rmemMax = Infinity, wmemMax = Infinity } = kernelLimits();
  const table: Record<string, Record<string, number>> = {};
  for (const asked of [1, 65536, 2 ** 30]) {
    using tcp = Deno.listen({ hostname, port: 0 });
    const udp = openUdp();
    const row: Record<string, number> = {};
    for (const [name, socket] of Object.entries({ TCP: tcp, UDP: udp })) {
      setOption(socket, SO_RCVBUF, asked);
      setOption(socket, SO_SNDBUF, asked);
      row[`${name} receive`] = getOption(socket, SO_RCVBUF);
      row[`${name} send`] = getOption(socket, SO_SNDBUF);
      expect(
        `${name}: ${asked} is doubled, up to the cap`,
        asked === 1 ||
          (row[`${name} receive`] === 2 * Math.min(asked, rmemMax) &&
            row[`${name} send`] === 2 * Math.min(asked, wmemMax)),
      );
      expect(`${name}: there is a least size`, row[`${name} receive`]! > 2000);
    }
    table[`${asked}`] = row;
    udp.close();
  }
  console.log(`asked for, and effective (rmem_max ${rmemMax}, wmem_max ${wmemMax}):`);
  console.table(table);
}

/** Of a burst of datagrams, how many stay until they are read. */
async function burst(size: number): Promise<number> {
  const [receiver, sender] = [openUdp(), openUdp()];
  setOption(receiver, SO_RCVBUF, size);
  for (let i = 0; i < DATAGRAMS; i++) await sender.send(new Uint8Array(1024), receiver.addr);
  const { drops } = getOption(receiver, SO_MEMINFO);
  receiver.close();
  sender.close();
  return DATAGRAMS - drops;
}

/** The rate in Mbit/s at which a connection sends. */
async function rate(to: Deno.ConnectOptions, size: number | undefined): Promise<number> {
  using conn = await Deno.connect(to);
  if (size !== undefined) setOption(conn, SO_SNDBUF, size);
  const data = new Uint8Array(64 * 1024);
  const start = performance.now();
  let bytes = 0;
  while (performance.now() - start < SECONDS * 1000) bytes += await conn.write(data);
  await conn.closeWrite();
  await conn.read(data); // until the other host has read it all
  return round(bytes * 8 / 1000 / (performance.now() - start), 1);
}

await inOwnNetwork(import.meta.url, "tc", async () => {
  sizes();

  const small = await burst(4096);
  const large = await burst(512 * 1024);
  console.log(`UDP, a burst of ${DATAGRAMS} datagrams of 1 KiB: kept`);
  console.table({ "SO_RCVBUF 4096": small, "SO_RCVBUF 524288": large });
  expect("a small buffer loses datagrams", small < DATAGRAMS / 2);
  expect("a large one keeps them all", large === DATAGRAMS);

  const to = await slowLink("100mbit");
  const rates: Record<string, Record<string, number>> = {};
  let before = 0;
  for (const size of [8192, 32768, 131072, undefined]) {
    const name = size === undefined ? "without" : `SO_SNDBUF ${size}`;
    const now = await rate(to, size);
    rates[name] = { "Mbit/s": now };
    expect(`${name}: faster than with less`, size === undefined || now > 2 * before);
    expect("without a size of its own it takes the link", size !== undefined || now > 50);
    before = now;
  }
  console.log("TCP, over a link of 100 Mbit/s with a round trip of 20 ms:");
  console.table(rates);
  conclude();
});
