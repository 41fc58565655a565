/**
 * A client as a driver's author would write it: it notices in seconds that its server is gone.
 *
 * Whether it is idle (keep-alive probes) or waits for an answer (TCP_USER_TIMEOUT), instead of in two hours or 15
 * minutes. Its protocol is a line for a line. connect() has the settings in force before the first SYN, so that they bound
 * connecting as well, and warns of what the kernel makes something else of. The server vanishes here by losing its packets;
 * one that crashes or ends says so by itself.
 *
 * Sources: tcp(7), RFC 1122 section 4.2.3.6, RFC 5482.
 */

import { connect, echo, getOption, serve, type SocketSettings, TCP_INFO } from "@sockopt/tcp";
import { inOwnNetwork, loseAllOf } from "./shared/network.ts";
import { conclude, expect, outcome } from "./shared/report.ts";

const SETTINGS: SocketSettings = {
  noDelay: true,
  keepAlive: { idle: 1, interval: 1, count: 2 },
  userTimeout: 3000,
};

/** The server is gone: no answer came to what was sent, or to the kernel's probes. */
class ServerGoneError extends Error {
  override name = "ServerGoneError";
}

/** A connection to the database. */
class Client implements Disposable {
  /** Fulfilled when the connection has ended, with the reason. */
  readonly closed: Promise<ServerGoneError>;
  #answers: PromiseWithResolvers<string>[] = [];

  private constructor(readonly conn: Deno.TcpConn) {
    this.closed = this.#read().catch((error) => error).then((error) => this.#gone(error));
  }

  static async connect(hostname: string, port: number, settings: SocketSettings): Promise<Client> {
    return new Client(await connect({ hostname, port, settings, timeout: 3, logger: console }));
  }

  /** Sends a line and waits for the answer. */
  async query(line: string): Promise<string> {
    const answer = Promise.withResolvers<string>();
    this.#answers.push(answer);
    await this.conn.write(new TextEncoder().encode(`${line}\n`));
    return await answer.promise;
  }

  /** Always reads: so an idle connection learns of its end as well. */
  async #read(): Promise<Error> {
    let rest = "";
    const buffer = new Uint8Array(4096);
    const decoder = new TextDecoder();
    for (let n; (n = await this.conn.read(buffer)) !== null;) {
      const lines = (rest + decoder.decode(buffer.subarray(0, n), { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#answers.shift()?.resolve(line);
    }
    return new Error("it has closed the connection");
  }

  #gone(cause: Error): ServerGoneError {
    const error = new ServerGoneError(`${this.conn.remoteAddr.hostname}: ${cause.message}`, {
      cause,
    });
    for (const answer of this.#answers.splice(0)) answer.reject(error);
    return error;
  }

  [Symbol.dispose](): void {
    this.conn.close();
  }
}

await inOwnNetwork(import.meta.url, "nft", async () => {
  await using database = serve({ hostname: "127.0.0.1", gracePeriod: 0 }, echo());
  const { hostname, port } = database.addr;
  using idle = await Client.connect(hostname, port, SETTINGS);
  using asking = await Client.connect(hostname, port, SETTINGS);
  using naive = await Client.connect(hostname, port, {});
  expect("the database answers", await asking.query("SELECT 1") === "SELECT 1");
  const { rtt, state } = getOption(asking.conn, TCP_INFO);
  console.log(`connected: ${state}, a round trip takes ${rtt} µs. Now the server vanishes:`);

  await loseAllOf(port);
  const [noticedIdle, noticedAsking, noticedNaive, noticedNew] = await Promise.all([
    outcome(idle.closed),
    outcome(asking.query("SELECT 2")),
    outcome(naive.query("SELECT 3")),
    outcome(connect({ hostname, port, settings: SETTINGS })),
  ]);
  console.table({
    "connecting, with settings": noticedNew,
    "idle, with settings": noticedIdle,
    "waiting for an answer, with settings": noticedAsking,
    "waiting for an answer, without": noticedNaive,
  });
  for (const { seconds, outcome } of [noticedIdle, noticedAsking]) {
    expect(
      "a client with settings notices it in seconds",
      outcome === "ServerGoneError" && seconds < 6,
    );
  }
  const { seconds, outcome: end } = noticedNew;
  expect("and so does one that connects", end === "TimedOut" && seconds < 6);
  expect("a client without does not", noticedNaive.outcome === "not noticed");
  conclude();
});
