/** How the examples measure, and what they end with. */

const unexpected: string[] = [];

/** Notes a claim that does not hold. */
export function expect(claim: string, holds: boolean): void {
  if (!holds) unexpected.push(claim);
}

/** Says whether every claim held; the exit code is 1 if one did not. */
export function conclude(): void {
  const all = unexpected.length === 0;
  console.log(all ? "as expected" : `not as expected: ${unexpected.join("; ")}`);
  Deno.exitCode = all ? 0 : 1;
}

/** The middle one of some numbers. */
export function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN;
}

/** A number with so many digits after the point. */
export function round(number: number, digits = 0): number {
  return Number(number.toFixed(digits));
}

/** Milliseconds that something takes. */
export async function milliseconds(something: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await something();
  return performance.now() - start;
}

/** How many seconds something takes, but no more than eight, and how it ends: an error by its name. */
export async function outcome(
  end: Promise<unknown>,
): Promise<{ seconds: number; outcome: string }> {
  const start = performance.now();
  const outcome = await Promise.race([
    end.then((value) => value instanceof Error ? value.name : `${value}`, (error) => error.name),
    delay(8000).then(() => "not noticed"),
  ]);
  return { seconds: round((performance.now() - start) / 1000, 1), outcome };
}

/** What becomes of another listener on a port of 127.0.0.1. */
export function listenOn(port: number): "works" | "EADDRINUSE" {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return "works";
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return "EADDRINUSE";
  }
}

/** Waits. */
export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
