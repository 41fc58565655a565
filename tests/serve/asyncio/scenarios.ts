/**
 * What this package's protocols and asyncio's are compared by: each scenario is played with both, as a server and as a
 * client, with the same peer, and the traces must be the same.
 *
 * @module
 */

/** A scenario. */
export interface Scenario {
  /**
   * What the protocol does in a callback, beside noting it: actions with `;` between, as player.py and protocol.ts have
   * them. It does so at the first call; of a list the first at the first call, and so on; with `every` before the name at
   * all other calls. `keep` has `eof_received()` return true, `raise` raises an error.
   */
  on?: Record<string, string | string[]>;
  /** Whether the protocol is a BufferedProtocol. */
  buffered?: true;
  /** The size of its memory: 4 bytes unless it says otherwise. */
  memory?: number;
  /** Whether the connection is one of TLS. */
  tls?: true;
  /**
   * What happens then, in this order, with `;` between: steps of the peer, as peer.py has them; `until EVENT` waits for
   * a callback; `server ACTION` has the protocol do something between callbacks; `stop` stops the server, `settle` waits a
   * while.
   */
  script: string;
  /** Is played as a server alone. */
  serverOnly?: true;
  /** The callback that ends it, where that is not `lost`. */
  lost?: string;
  /** How much arrives depends on the time. */
  vague?: true;
  /** Where the traces are not the same. */
  differs?: Difference;
}

/** How this package differs from asyncio. */
export interface Difference {
  /** Its own trace. */
  ours: string;
  /** Why, as docs/asyncio.md says it. */
  because: string;
  /** Versions of Python that differ, where others do as this package. */
  versions?: string;
  /** Whether uvloop does as this package. */
  likeUvloop?: true;
}

/** The reasons: each stands in docs/asyncio.md. */
const BECAUSE = {
  callbackError: "An error that a callback throws closes the transport in every case",
  resumeError: "asyncio calls `connection_lost()` and then fails with an AttributeError of its own",
  pausedAtFirst: "Python 3.11 reads on after `pause_reading()` in `connection_made()`",
  secondEnd: "asyncio reads once more at `resume_reading()`, and calls `eof_received()` again",
  closeUnread: "`close()` lets the client have the end of what it was sent",
  eofAfterClose: "asyncio calls `eof_received()` when the client has answered a `close()`",
  closeNotify: "Deno says the end to a client that has not said it",
  tlsMarks: "with TLS asyncio counts what is not encrypted yet",
  writelines: "`writelines()` does not call `pause_writing()` in Python 3.12.0 to 3.13.0",
  writelinesLate: "`writelines()` after `close()` is an error in Python 3.12.0 to 3.13.0",
};

/** 20 MiB: more than the kernel takes at once. */
const BIG = 20 * 1024 * 1024;

/** All scenarios, by what they are about. */
export const SCENARIOS: Record<string, Scenario> = {
  // the order of callbacks
  "a client that says nothing": { script: "until made; close" },
  "a client that ends its side": { script: "eof; read_all" },
  "data, then the end": { script: "send hello; until data; eof; read_all" },
  "data and the end at once": { script: "send hello; eof; read_all" },
  "two messages": { script: "send one; until data; send two; until data 6; close" },
  "echo and close": {
    on: { data: "write hello; close; note closing; note reading; write ignored" },
    script: "send hello; read_all",
  },
  "write in connection_made": { on: { made: "write hello" }, script: "read 5; close" },
  "write and close in connection_made": {
    on: { made: "write hello; close; note closing" },
    script: "read_all",
  },
  "close in connection_made": { on: { made: "close" }, script: "read_all" },
  "close twice": { on: { data: "close; close" }, script: "send hello; read_all" },
  "close between callbacks": { script: "until made; server close; read_all" },
  "close in eof_received": { on: { eof: "close" }, script: "eof; read_all" },
  "write in eof_received": { on: { eof: "write bye" }, script: "eof; read_all" },
  "write much in eof_received": {
    on: { eof: `fill ${BIG}` },
    script: "eof; until pause; read_all",
  },
  "write in connection_lost": { on: { lost: "write late; close; abort" }, script: "eof; read_all" },
  "much data": { script: `flood ${BIG}; flooded; eof; read_all` },

  // half-close
  "keep open after the end": {
    on: { eof: "keep; note closing; note reading" },
    script: "send hello; eof; until eof; server write bye; read 3; server close; read_all",
  },
  "keep open, then write much and close": {
    on: { eof: "keep" },
    script: `eof; until eof; server fill ${BIG}; server close; read_all`,
  },
  "keep open, then abort": {
    on: { eof: "keep" },
    script: "eof; until eof; server abort; read_all",
  },
  "keep open, then the client resets": {
    on: { eof: "keep" },
    script: "eof; until eof; reset; settle; server write x; settle; server write y",
  },
  "write_eof": {
    on: { data: "write last words; write_eof; note closing; write more" },
    script: "send hello; read_all; close",
  },
  "write_eof twice": {
    on: { data: "write_eof; write_eof" },
    script: "send hello; read_all; close",
  },
  "write_eof with unsent data": {
    on: { data: `fill ${BIG}; write_eof; write more; note buffered` },
    script: "send hello; until refused; read_all; close",
  },
  "data after write_eof": {
    on: { made: "write_eof" },
    script: "read_all; send hello; until data; send more; close",
  },
  "close after write_eof": {
    on: { data: "write bye; write_eof; close" },
    script: "send hello; read_all",
  },
  "write_eof after close": { on: { data: "close; write_eof" }, script: "send hello; read_all" },
  "write_eof in eof_received, kept open": {
    on: { eof: "keep; write bye; write_eof" },
    script: "eof; read_all; settle; server close",
  },
  "both ends at once": { on: { made: "write_eof" }, script: "eof; read_all" },
  "can_write_eof": { on: { made: "note can_write_eof" }, script: "eof; read_all" },

  // the end at once
  "abort": { on: { data: "abort; note closing; note reading" }, script: "send hello; read_all" },
  "abort in connection_made": { on: { made: "abort" }, script: "read_all" },
  "abort twice": { on: { data: "abort; abort" }, script: "send hello; read_all" },
  "abort after close": { on: { data: "close; abort" }, script: "send hello; read_all" },
  "close after abort": { on: { data: "abort; close" }, script: "send hello; read_all" },
  "abort after a small write": { on: { data: "write bye; abort" }, script: "send hello; read_all" },
  "abort with unsent data": {
    on: { data: `fill ${BIG}; note buffered; abort; note buffered` },
    script: "send hello; until lost; drain",
  },
  "abort after close with unsent data": {
    on: { data: `fill ${BIG}; close; note buffered; abort` },
    script: "send hello; until lost; drain",
  },
  "close with unsent data": {
    on: { data: `fill ${BIG}; close; note closing; note buffered` },
    script: "send hello; until buffered; read_all",
  },
  "write after close with unsent data": {
    on: { data: `fill ${BIG}; close; write more; note closing` },
    script: "send hello; until closing; read_all",
  },
  "abort with data unread": {
    on: { data: "pause_reading" },
    script: "send hello; until data; send unread; settle; server abort; read_all",
  },
  "abort with much data unread": {
    on: { data: "pause_reading" },
    script: `send hello; until data; flood 100000; flooded; settle; server abort; read_all`,
  },
  "abort while the client sends": {
    vague: true,
    on: { data: "abort" },
    script: `flood 100000000; until lost; flooded`,
  },
  "close while the client sends": {
    vague: true,
    on: { data: "close" },
    script: `flood 100000000; until lost; flooded`,
  },
  "a client that sends on after abort": {
    on: { data: "abort" },
    script:
      "send hello; until lost; settle; try_send one; settle; try_send two; settle; try_send three",
  },
  "abort with unsent data and data unread": {
    on: { data: `pause_reading; fill ${BIG}` },
    script: "send hello; until data; send unread; settle; server abort; drain",
  },

  // errors in callbacks
  "an error in connection_made": {
    on: { made: "raise" },
    script: "send hello; settle; close",
    differs: { ours: "made, lost on purpose, … |  | on purpose", because: BECAUSE.callbackError },
  },
  "an error in data_received": { on: { data: "raise" }, script: "send hello; read_all" },
  "an error in eof_received": { on: { eof: "raise" }, script: "eof; read_all" },
  "an error in pause_writing": {
    on: { data: `fill ${BIG}`, pause: "raise" },
    script: "send hello; until pause; settle; reset",
    differs: {
      ours: "made, data 5, pause, lost on purpose, … |  | on purpose",
      because: BECAUSE.callbackError,
    },
  },
  "an error in resume_writing": {
    on: { data: `fill ${BIG}`, resume: "raise" },
    script: `send hello; until pause; read ${BIG}; close`,
    differs: {
      ours: "made, data 5, pause, resume, lost on purpose | read 20971520 | on purpose",
      because: BECAUSE.callbackError,
    },
  },
  "an error in connection_lost": { on: { lost: "raise" }, script: "eof; read_all" },
  "an error in connection_lost after abort": {
    on: { data: "abort", lost: "raise" },
    script: "send hello; read_all",
  },
  "an error after close": { on: { data: "close; raise" }, script: "send hello; read_all" },
  "an error after abort": { on: { data: "abort; raise" }, script: "send hello; read_all" },
  "an error after write and close": {
    on: { data: "write bye; close; raise" },
    script: "send hello; read_all",
  },
  "an error with unsent data": {
    on: { data: `fill ${BIG}; raise` },
    script: "send hello; until lost; drain",
  },
  "an error after close with unsent data": {
    on: { data: `fill ${BIG}; close; raise` },
    script: "send hello; until lost; drain",
  },
  "an error while the client sends": {
    vague: true,
    on: { data: "raise" },
    script: "flood 100000000; until lost; flooded",
  },
  "an error in eof_received with unsent data": {
    on: { data: `fill ${BIG}`, eof: "raise" },
    script: "send hello; until pause; eof; until lost; drain",
  },
  "two errors": { on: { data: "raise", lost: "raise" }, script: "send hello; read_all" },
  "an error in a callback that was set": {
    on: { "data": "set_protocol plain", "other data": "raise" },
    script: "send hello; until data; send more; read_all",
    lost: "other lost",
  },

  // water marks
  "the marks as they are": { on: { made: "note limits" }, script: "until limits; close" },
  "the marks, high alone": {
    on: { made: "limits 4000 -; note limits" },
    script: "until limits; close",
  },
  "the marks, low alone": {
    on: { made: "limits - 500; note limits" },
    script: "until limits; close",
  },
  "the marks, both": { on: { made: "limits 10 10; note limits" }, script: "until limits; close" },
  "the marks, none": { on: { made: "limits 0 0; note limits" }, script: "until limits; close" },
  "the marks the wrong way round": {
    on: { made: "limits 1 2; note limits" },
    script: "until limits; close",
  },
  "marks below nothing": {
    on: { made: "limits - -1; note limits" },
    script: "until limits; close",
  },
  "pause_writing and resume_writing": {
    on: { data: `limits 1000 100; fill ${BIG}; note buffered` },
    script: `send hello; until pause; read ${BIG}; until resume; close`,
  },
  "several writes above the mark": {
    on: { data: `fill ${BIG}; fill ${BIG}; write x; write y` },
    script: `send hello; until pause; read ${2 * BIG + 2}; until resume; close`,
  },
  "write in pause_writing": {
    on: { data: `fill ${BIG}`, pause: "fill 100000" },
    script: `send hello; until pause; read ${BIG + 100000}; until resume; close`,
  },
  "write in resume_writing": {
    on: { data: `limits 0 0; fill ${BIG}`, resume: ["fill_until_full", "write bye; write_eof"] },
    script: "send hello; until pause; drain; close",
  },
  "close in pause_writing": {
    on: { data: `fill ${BIG}`, pause: "close" },
    script: "send hello; until pause; read_all",
  },
  "abort in pause_writing": {
    on: { data: `fill ${BIG}; note closing`, pause: "abort" },
    script: "send hello; until lost; drain",
  },
  "close in resume_writing": {
    on: { data: `fill ${BIG}`, resume: "close" },
    script: "send hello; until pause; read_all",
    differs: {
      ours: "made, data 5, pause, resume, lost | read 20971520, end | ",
      because: BECAUSE.resumeError,
      likeUvloop: true,
    },
  },
  "write and close in resume_writing": {
    on: { data: `fill ${BIG}`, resume: "write bye; close" },
    script: "send hello; until pause; read_all",
    differs: {
      ours: "made, data 5, pause, resume, lost | read 20971523, end | ",
      because: BECAUSE.resumeError,
      likeUvloop: true,
    },
  },
  "abort in resume_writing": {
    on: { data: `limits - 0; fill ${BIG}`, resume: "abort" },
    script: "send hello; until pause; read_all",
    differs: {
      ours: "made, data 5, pause, resume, lost | read 20971520, end | ",
      because: BECAUSE.resumeError,
      likeUvloop: true,
    },
  },
  "lower marks pause": {
    on: { data: `limits 100000000 -; fill ${BIG}; note buffered; limits 10 5; note buffered` },
    script: `send hello; until pause; read ${BIG}; until resume; close`,
  },
  "higher marks do not resume": {
    on: { data: `fill ${BIG}; limits 100000000 0; note buffered` },
    script: "send hello; until pause; settle; reset",
  },
  "at the mark is not above it": {
    on: { data: "limits 100000000 -; fill_until_full; limits 100000000 -; write x; note buffered" },
    script: "send hello; until buffered; settle; reset",
  },
  "a mark of nothing": {
    on: { data: `limits 0 -; write x; note buffered; fill ${BIG}` },
    script: `send hello; until pause; read ${BIG + 1}; until resume; close`,
  },
  "write_eof above the mark": {
    on: { data: `fill ${BIG}; write_eof` },
    script: "send hello; until pause; read_all; close",
  },

  // pause and resume of reading
  "pause_reading in data_received": {
    on: { data: "pause_reading; note reading" },
    script:
      "send hello; until data; send again; settle; server resume_reading; until data 5; settle; close",
  },
  "pause_reading in connection_made": {
    on: { made: "pause_reading; note reading" },
    script: "send hello; settle; server resume_reading; until data; close",
    differs: {
      ours: "made, reading false, …, data 5, eof, lost |  | ",
      because: BECAUSE.pausedAtFirst,
      versions: "3.11",
    },
  },
  "pause_reading, then the end": {
    on: { data: "pause_reading" },
    script: "send hello; until data; eof; settle; server resume_reading; read_all",
  },
  "pause_reading, then data and the end": {
    on: { data: "pause_reading" },
    script: "send hello; until data; send more; eof; settle; server resume_reading; read_all",
  },
  "pause_reading, then close": {
    on: { data: "pause_reading" },
    script: "send hello; until data; settle; server close; read_all",
  },
  "pause_reading, then abort": {
    on: { data: "pause_reading" },
    script: "send hello; until data; settle; server abort; read_all",
  },
  "pause_reading, then write": {
    on: { data: "pause_reading" },
    script:
      "send hello; until data; settle; server write bye; read 3; server resume_reading; close",
  },
  "pause_reading twice": {
    on: { data: "pause_reading; pause_reading" },
    script: "send hello; until data; send more; settle; server resume_reading; until data 4; close",
  },
  "pause_reading and resume_reading at once": {
    on: { data: "pause_reading; resume_reading; note reading" },
    script: "send hello; until data; settle; send again; settle; close",
  },
  "resume_reading without pause_reading": {
    on: { made: "resume_reading; note reading" },
    script: "send hello; until data; close",
  },
  "pause, resume and pause between callbacks": {
    on: { made: "pause_reading" },
    script:
      "settle; server resume_reading; server pause_reading; send hello; settle; server resume_reading; until data; close",
  },
  "pause_reading after close": {
    on: { data: "close; pause_reading; note reading; resume_reading; note reading" },
    script: "send hello; read_all",
  },
  "pause_reading in eof_received, kept open": {
    on: { eof: "keep; pause_reading; note reading" },
    script: "eof; until eof; settle; server resume_reading; server close; read_all",
    differs: {
      ours: "made, eof, reading false, …, lost | read 0, end | ",
      because: BECAUSE.secondEnd,
    },
  },
  "pause_reading while the client sends much": {
    vague: true,
    on: { data: "pause_reading" },
    script: `flood ${BIG}; until data; settle; server resume_reading; flooded; eof; read_all`,
  },
  "a reset while reading is paused": {
    on: { data: "pause_reading" },
    script: "send hello; until data; reset; settle; server note closing; server resume_reading",
  },
  "a reset while reading is paused, then write": {
    on: { data: "pause_reading" },
    script: "send hello; until data; reset; settle; server write x; server note closing",
  },
  "a reset while reading is paused, then close": {
    on: { data: "pause_reading" },
    script: "send hello; until data; reset; settle; server close",
  },
  // where the next read was under way already
  "pause_reading between callbacks": {
    script:
      "send hello; until data; settle; server pause_reading; send more; settle; server resume_reading; until data 4; close",
  },
  "pause_reading between callbacks, then the end": {
    script:
      "send hello; until data; settle; server pause_reading; eof; settle; server resume_reading; read_all",
  },
  "pause_reading between callbacks, then a reset": {
    script:
      "send hello; until data; settle; server pause_reading; reset; settle; server resume_reading",
  },
  "pause_reading between callbacks, then a reset and close": {
    script: "send hello; until data; settle; server pause_reading; reset; settle; server close",
  },
  "pause_reading between callbacks, then a reset and write": {
    script:
      "send hello; until data; settle; server pause_reading; reset; settle; server write x; server note closing",
  },
  "pause_reading between callbacks, then close with data unread": {
    script:
      "send hello; until data; settle; server pause_reading; send more; settle; server close; read_all",
    differs: { ours: "made, data 5, …, …, lost | read 0, end | ", because: BECAUSE.closeUnread },
  },
  "pause_reading, then write and close with data unread": {
    on: { data: "pause_reading" },
    script:
      "send hello; until data; send unread; settle; server write bye; server close; settle; read_all",
    differs: { ours: "made, data 5, …, lost, … | read 3, end | ", because: BECAUSE.closeUnread },
  },
  "pause_reading between callbacks, then abort with data unread": {
    script:
      "send hello; until data; settle; server pause_reading; send more; settle; server abort; read_all",
  },
  "pause_reading between callbacks, then set_protocol": {
    script:
      "send hello; until data; settle; server pause_reading; send more; settle; server set_protocol plain; server resume_reading; until other data; close",
    lost: "other lost",
  },
  "pause_reading while writing is paused": {
    on: { data: `pause_reading; fill ${BIG}` },
    script:
      `send hello; until pause; send more; read ${BIG}; until resume; server resume_reading; until data 4; close`,
  },

  // set_protocol
  "set_protocol in data_received": {
    on: { "data": "set_protocol plain", "other data": "close" },
    script: "send hello; until data; send more; read_all",
    lost: "other lost",
  },
  "set_protocol in connection_made": {
    on: { "made": "set_protocol plain", "other data": "write bye; close" },
    script: "send hello; read_all",
    lost: "other lost",
  },
  "set_protocol, then the end": {
    on: { data: "set_protocol plain" },
    script: "send hello; until data; eof; read_all",
    lost: "other lost",
  },
  "set_protocol, then pause_writing": {
    on: { data: `set_protocol plain; fill ${BIG}` },
    script: `send hello; until other pause; read ${BIG}; until other resume; close`,
    lost: "other lost",
  },
  "set_protocol while writing is paused": {
    on: { data: `fill ${BIG}; set_protocol plain` },
    script: `send hello; until pause; read ${BIG}; until other resume; close`,
    lost: "other lost",
  },
  "set_protocol and close": {
    on: { data: "set_protocol plain; close" },
    script: "send hello; read_all",
    lost: "other lost",
  },
  "close and set_protocol": {
    on: { data: "close; set_protocol plain" },
    script: "send hello; read_all",
    lost: "other lost",
  },
  "set_protocol to a buffered one": {
    on: { data: "set_protocol buffered" },
    script: "send hello; until data; send more here; eof; read_all",
    lost: "other lost",
  },
  "set_protocol and pause_reading": {
    on: { data: "pause_reading; set_protocol plain" },
    script:
      "send hello; until data; send more; settle; server resume_reading; until other data; close",
    lost: "other lost",
  },

  // resets
  "a reset": { script: "until made; reset" },
  "a reset after data": { script: "send hello; until data; reset" },
  "a reset after as much as one read takes": {
    script:
      "send hello; until data; settle; server pause_reading; flood 1152; flooded; reset; settle; server resume_reading",
  },
  "a reset with unsent data": {
    on: { data: `fill ${BIG}` },
    script: "send hello; until pause; reset",
  },
  "a reset with unsent data, closing": {
    on: { data: `fill ${BIG}; close` },
    script: "send hello; until pause; reset",
  },
  "a client that closes with unread data": {
    on: { data: `fill ${BIG}` },
    script: "send hello; until pause; close",
  },
  "a reset after the end": {
    on: { eof: "keep" },
    script: "send hello; eof; until eof; reset; settle; server close",
  },
  "a reset with unsent data after the end": {
    on: { data: `fill ${BIG}`, eof: "keep" },
    script: "send hello; until pause; eof; until eof; reset",
  },
  "write after a reset": {
    script: "send hello; until data; reset; until lost; server write x; server write y",
  },

  // write and writelines
  "write nothing": { on: { data: "write ; close" }, script: "send hello; read_all" },
  "write what is not bytes": { on: { data: "write_text; close" }, script: "send hello; read_all" },
  "write what is not bytes, after close": {
    on: { data: "close; write_text" },
    script: "send hello; read_all",
  },
  "many small writes": {
    on: { data: "write a; write b; write c; write d; write e; close" },
    script: "send hello; read_all",
  },
  "writelines": { on: { data: "writelines one two three; close" }, script: "send hello; read_all" },
  "writelines of nothing": {
    on: { data: "writelines_none; note buffered; write x; close" },
    script: "send hello; read_all",
  },
  "writelines with unsent data": {
    on: { data: `fill ${BIG}; writelines one two; close; note closing` },
    script: "send hello; until closing; read_all",
  },
  "writelines of much": {
    on: { data: `writelines_fill ${BIG} 5 ${BIG}; close; note closing` },
    script: "send hello; until closing; read_all",
    differs: {
      ours: "made, data 5, pause, closing true, resume, lost | read 41943045, end | ",
      because: BECAUSE.writelines,
      versions: "3.12.0 to 3.13.0",
    },
  },
  "writelines after close": {
    on: { data: "close; writelines one two" },
    script: "send hello; read_all",
    differs: {
      ours: "made, data 5, lost | read 0, end | ",
      because: BECAUSE.writelinesLate,
      versions: "3.12.0 to 3.13.0",
    },
  },
  "writelines after write_eof": {
    on: { data: "write_eof; writelines one two" },
    script: "send hello; read_all; close",
  },

  // what a transport tells
  "get_extra_info": {
    on: { made: "note peername; note socket; note nonsense" },
    script: "until nonsense; close",
  },
  "is_closing and is_reading": {
    on: {
      made: "note closing; note reading",
      data: "note closing; note reading; close",
      lost: "note closing; note reading",
    },
    script: "send hello; read_all",
  },

  // buffered protocols
  "buffered: in pieces": { buffered: true, script: "send in pieces; eof; read_all" },
  "buffered: less than the memory": {
    buffered: true,
    memory: 100,
    script: "send hello; until updated; eof; read_all",
  },
  "buffered: as much as the memory": {
    buffered: true,
    memory: 5,
    script: "send hello; until updated; eof; read_all",
  },
  "buffered: pause_reading": {
    buffered: true,
    on: { updated: "pause_reading" },
    script:
      "send 0123456789abcdefghij; until updated; settle; server resume_reading; settle; eof; read_all",
  },
  "buffered: pause_reading at each piece": {
    buffered: true,
    on: { "every updated": "pause_reading" },
    script:
      "send 0123456789; until updated; settle; server resume_reading; settle; server resume_reading; settle; server resume_reading; settle; server resume_reading; eof; read_all",
  },
  "buffered: close in the middle": {
    buffered: true,
    on: { updated: "close" },
    script: "send hi!!; read_all",
  },
  "buffered: abort in the middle": {
    buffered: true,
    on: { updated: "abort" },
    script: "send 0123456789; drain",
  },
  "buffered: set_protocol to a plain one": {
    buffered: true,
    on: { updated: "set_protocol plain" },
    script: "send 0123456789; until other data; eof; read_all",
    lost: "other lost",
  },
  "buffered: set_protocol to another buffered one": {
    buffered: true,
    on: { updated: "set_protocol buffered" },
    script: "send 0123456789; until other updated; eof; read_all",
    lost: "other lost",
  },
  "buffered: set_protocol and pause_reading": {
    buffered: true,
    on: { updated: "set_protocol plain; pause_reading" },
    script: "send 0123456789; until updated; settle; server resume_reading; eof; read_all",
    lost: "other lost",
  },
  "buffered: an error in buffer_updated": {
    buffered: true,
    on: { updated: "raise" },
    script: "send hi!!; read_all",
  },
  "buffered: an error in buffer_updated, data unread": {
    buffered: true,
    on: { updated: "raise" },
    script: "send 0123456789; drain",
  },
  "buffered: an error in get_buffer": {
    buffered: true,
    on: { "raise in get": "" },
    script: "send hello; drain",
  },
  "buffered: memory of no size": { buffered: true, memory: 0, script: "send hello; drain" },
  "buffered: keep open after the end": {
    buffered: true,
    on: { eof: "keep" },
    script: "send hi; until updated; eof; until eof; server write bye; server close; read_all",
  },

  // TLS
  "TLS: data, then close_notify": { tls: true, script: "send hello; until data; unwrap" },
  "TLS: echo and close": {
    tls: true,
    on: { data: "write hello; close" },
    script: "send hello; read_all; close",
    differs: {
      ours: "made, data 5, lost | read 5, end | ",
      because: BECAUSE.eofAfterClose,
      likeUvloop: true,
    },
  },
  "TLS: close in connection_made": {
    tls: true,
    on: { made: "close" },
    script: "read_all; close",
    differs: {
      ours: "made, lost | read 0, end | ",
      because: BECAUSE.eofAfterClose,
      likeUvloop: true,
    },
  },
  "TLS: the end without close_notify": {
    tls: true,
    script: "send hello; until data; eof; read_all; close",
    differs: { ours: "made, data 5, eof, lost | read 0, end | ", because: BECAUSE.closeNotify },
  },
  "TLS: closed without close_notify": { tls: true, script: "send hello; until data; close" },
  "TLS: keep open": {
    tls: true,
    on: { eof: "keep" },
    script: "send hello; until data; unwrap; settle; close",
  },
  "TLS: can_write_eof": {
    tls: true,
    on: { made: "note can_write_eof; write_eof" },
    script: "until refused; close",
  },
  "TLS: abort": { tls: true, on: { data: "abort" }, script: "send hello; drain" },
  "TLS: an error in data_received": {
    tls: true,
    on: { data: "raise" },
    script: "send hello; drain",
  },
  "TLS: an error in connection_made": {
    serverOnly: true,
    tls: true,
    on: { made: "raise" },
    script: "drain",
  },
  "TLS: a reset": { tls: true, script: "send hello; until data; reset" },
  "TLS: close with unsent data": {
    tls: true,
    on: { data: `fill ${BIG}; close; note closing` },
    script: "send hello; until closing; read_all; close",
    differs: {
      ours: "made, data 5, pause, closing true, resume, lost | read 20971520, end | ",
      because: BECAUSE.tlsMarks,
    },
  },
  "TLS: pause_reading": {
    tls: true,
    on: { data: "pause_reading" },
    script: "send hello; until data; send more; settle; server resume_reading; until data 4; close",
  },
  "TLS: writelines": {
    tls: true,
    on: { data: "writelines one two three; close" },
    script: "send hello; read_all; close",
    differs: {
      ours: "made, data 5, lost | read 11, end | ",
      because: BECAUSE.eofAfterClose,
      likeUvloop: true,
    },
  },
  "TLS: set_protocol": {
    tls: true,
    on: { "data": "set_protocol plain", "other data": "close" },
    script: "send hello; until data; send more; read_all; close",
    lost: "other lost",
    differs: {
      ours: "made, data 5, other data 4, other lost | read 0, end | ",
      because: BECAUSE.eofAfterClose,
      likeUvloop: true,
    },
  },
  "TLS: much data": { tls: true, script: `flood ${BIG}; flooded; until data ${BIG}; close` },
  "TLS: abort with unsent data": {
    tls: true,
    on: { data: `fill ${BIG}; abort` },
    script: "send hello; until lost; drain",
    differs: { ours: "made, data 5, pause, lost | drained, cut off | ", because: BECAUSE.tlsMarks },
  },
  "TLS: buffered": {
    tls: true,
    buffered: true,
    script: "send in pieces; until updated; close",
  },

  // the server stops
  "stop": { serverOnly: true, script: "until made; stop; read_all" },
  "stop while writing": {
    serverOnly: true,
    on: { data: `fill ${BIG}` },
    script: "send hello; until pause; stop; settle; read_all",
  },
  "stop at once while writing": {
    serverOnly: true,
    on: { data: `fill ${BIG}` },
    script: "send hello; until pause; stop; settle; stop again; until lost; drain",
  },
  "stop while reading is paused": {
    serverOnly: true,
    on: { made: "pause_reading" },
    script: "until made; settle; stop; read_all",
  },
  "TLS: stop": {
    serverOnly: true,
    tls: true,
    script: "until made; stop; read_all; close",
    differs: {
      ours: "made, lost | read 0, end | ",
      because: BECAUSE.eofAfterClose,
      likeUvloop: true,
    },
  },
  "TLS: stop while writing": {
    serverOnly: true,
    tls: true,
    on: { data: `fill ${BIG}` },
    script: "send hello; until data; settle; stop; settle; read_all; close",
    differs: {
      ours: "made, data 5, pause, …, …, resume, lost | read 20971520, end | ",
      because: BECAUSE.tlsMarks,
    },
  },
};
