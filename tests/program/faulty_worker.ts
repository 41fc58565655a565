/** The program's worker, but one that throws when it is told to: for program_test.ts. */

import "../../src/program/worker.ts";

const { name } = self as unknown as { name: string };

new BroadcastChannel("faulty").onmessage = ({ data }: MessageEvent): void => {
  if (data === name) {
    setTimeout(() => {
      throw new Error("thrown on purpose");
    });
  }
};
