/**
 * A thread of foreign_socket_test.ts: serves echoes on a port that threads share, and closes each connection by a timer of
 * its own while the handler still goes on.
 */

import { echo, echoOnce, serve } from "../../mod.ts";

const thread = self as unknown as {
  onmessage: (event: MessageEvent<{ port: number; mode: "echo" | "once" } | "stop">) => void;
  postMessage(port: number): void;
  close(): void;
};

thread.onmessage = ({ data }): void => {
  if (data === "stop") return;
  const inner = data.mode === "echo" ? echo() : echoOnce();
  const server = serve(
    { hostname: "127.0.0.1", port: data.port, reusePort: true },
    async (conn, info) => {
      setTimeout(() => {
        try {
          conn.close();
        } catch {
          // the server was faster
        }
      }, Math.random() * 4);
      await inner(conn, info);
    },
  );
  thread.onmessage = (): void => {
    server.shutdown();
    thread.close();
  };
  thread.postMessage(server.addr.port);
};
