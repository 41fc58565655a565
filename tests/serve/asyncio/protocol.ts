/** The scenarios of scenarios.ts as this package plays them: the twin of player.py. */

import {
  type BufferedProtocol,
  connectProtocol,
  type Protocol,
  protocolHandler,
  serve,
  type TcpServer,
  type Transport,
} from "../../../mod.ts";
import { bytes, ROOT } from "../../helpers.ts";
import type { Scenario } from "./scenarios.ts";

/** Who is told of a scenario while it is played. */
export interface Listener {
  /** A callback came, or an action had a result. */
  note(event: string): void;
  /** An error reached the one that hears of errors. */
  failed(error: string): void;
}

/** Plays scenarios, one after another. */
export interface Player {
  /** Starts a server for a scenario: its port. */
  listen(scenario: Scenario, listener: Listener): number | Promise<number>;
  /** Connects for a scenario. */
  connect(scenario: Scenario, listener: Listener, port: number): Promise<void>;
  /** Does something with the transport, from outside of all callbacks. */
  act(actions: string): void | Promise<void>;
  /** Stops the server: at first gracefully, then at once. */
  stop(again: boolean): void | Promise<void>;
  /** Ends the scenario. */
  end(): Promise<void>;
}

/** An error by the name that both languages have for it. */
function errorName(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error.message === "on purpose") return error.message;
  return error instanceof RangeError ? "Error" : error.name;
}

/** Whether an error is what a peer has done, not the program. */
function isPeers(error: unknown): boolean {
  return /^(ConnectionReset|BrokenPipe)$/.test(errorName(error));
}

/** One scenario. */
class Play {
  transport!: Transport;

  constructor(readonly scenario: Scenario, readonly listener: Listener) {}

  /** A protocol that notes every callback, then does what the scenario says of it. */
  protocol(buffered: boolean, name = ""): Protocol | BufferedProtocol {
    const counts: Record<string, number> = {};
    const on = (event: string, ...details: (string | number)[]): boolean | undefined => {
      this.listener.note([name + event, ...details].join(" "));
      const key = name + event;
      const n = counts[key] = (counts[key] ?? -1) + 1;
      const actions = [this.scenario.on?.[key] ?? []].flat();
      return this.act(actions[n] ?? this.scenario.on?.[`every ${key}`] as string ?? "");
    };
    const base = {
      connectionMade: (transport: Transport) => {
        this.transport = transport;
        on("made");
      },
      eofReceived: () => on("eof"),
      pauseWriting: () => void on("pause"),
      resumeWriting: () => void on("resume"),
      connectionLost: (error: Error | null) =>
        void (error === null ? on("lost") : on("lost", errorName(error))),
    };
    if (!buffered) return { ...base, dataReceived: (data) => void on("data", data.length) };
    const memory = new Uint8Array(this.scenario.memory ?? 4);
    return {
      ...base,
      getBuffer: () => {
        if (this.scenario.on?.["raise in get"] !== undefined) throw new Error("on purpose");
        return memory;
      },
      bufferUpdated: (n) => void on("updated", n),
    };
  }

  /** Does what a list says, with `;` between; the result is what `keep` has the callback return. */
  act(actions: string): boolean | undefined {
    let result: boolean | undefined;
    for (const action of actions.split(";").map((text) => text.trim()).filter(Boolean)) {
      const [word = "", ...args] = action.split(" ");
      if (word === "raise") throw new Error("on purpose");
      if (word === "keep") {
        result = true;
        continue;
      }
      try {
        this.#do(word, args);
      } catch {
        this.listener.note("refused");
      }
    }
    return result;
  }

  #do(word: string, args: string[]): void {
    const { transport } = this;
    switch (word) {
      case "write":
        return transport.write(bytes(args.join(" ")));
      case "write_text":
        return transport.write("text" as unknown as Uint8Array);
      case "fill":
        return transport.write(new Uint8Array(Number(args[0])));
      case "fill_until_full":
        while (transport.getWriteBufferSize() === 0) transport.write(new Uint8Array(1 << 20));
        return;
      case "writelines":
        return transport.writeMany(args.map(bytes));
      case "writelines_fill":
        return transport.writeMany(args.map((arg) => new Uint8Array(Number(arg))));
      case "writelines_none":
        return transport.writeMany([]);
      case "write_eof":
        return transport.writeEof();
      case "close":
        return transport.close();
      case "abort":
        return transport.abort();
      case "pause_reading":
        return transport.pauseReading();
      case "resume_reading":
        return transport.resumeReading();
      case "limits": {
        const [high, low] = args.map((arg) => arg === "-" ? undefined : Number(arg));
        return transport.setWriteBufferLimits({ high, low });
      }
      case "set_protocol":
        return transport.setProtocol(this.protocol(args[0] === "buffered", "other "));
      case "note":
        return this.listener.note(this.#look(args[0]!));
      default:
        this.listener.failed(`unknown action: ${word}`);
    }
  }

  #look(what: string): string {
    const { transport } = this;
    switch (what) {
      case "closing":
        return `closing ${transport.isClosing()}`;
      case "reading":
        return `reading ${transport.isReading()}`;
      case "buffered":
        return `buffered ${transport.getWriteBufferSize() > 0}`;
      case "limits": {
        const { high, low } = transport.getWriteBufferLimits();
        return `limits ${high} ${low}`;
      }
      case "can_write_eof":
        return `can_write_eof ${transport.canWriteEof()}`;
      case "peername":
        return `peername ${transport.getExtraInfo("peername").hostname}`;
      case "socket":
        return `socket ${transport.getExtraInfo("socket") !== undefined}`;
      case "nonsense":
        return `nonsense ${transport.getExtraInfo("nonsense") !== undefined}`;
      default:
        return `nothing to note: ${what}`;
    }
  }
}

/** A file with the tests' certificate, its key, or who signed it. */
export const pemFile = (name: string): string => `${ROOT}tests/tls/${name}.pem`;

const pem = (name: string): string => Deno.readTextFileSync(pemFile(name));

/** Plays scenarios with this package. */
export class ProtocolPlayer implements Player {
  #play!: Play;
  #server: TcpServer | undefined;

  listen(scenario: Scenario, listener: Listener): number {
    const play = this.#play = new Play(scenario, listener);
    const options = {
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      onError: (error: unknown) => isPeers(error) || listener.failed(errorName(error)),
    };
    const handler = protocolHandler(() => play.protocol(scenario.buffered ?? false));
    this.#server = scenario.tls
      ? serve({ ...options, cert: pem("cert"), key: pem("key") }, handler)
      : serve(options, handler);
    return this.#server.addr.port;
  }

  async connect(scenario: Scenario, listener: Listener, port: number): Promise<void> {
    const play = this.#play = new Play(scenario, listener);
    this.#server = undefined;
    await connectProtocol({
      port,
      tls: scenario.tls && { caCerts: [pem("ca")] },
      onError: (error) => listener.failed(errorName(error)),
    }, () => play.protocol(scenario.buffered ?? false));
  }

  act(actions: string): void {
    this.#play.act(actions);
  }

  stop(_again: boolean): void {
    this.#server?.shutdown();
  }

  async end(): Promise<void> {
    this.#server?.shutdown();
    await this.#server?.shutdown();
  }
}
