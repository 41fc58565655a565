/** Which platform this is: Linux or macOS, where {@linkcode libc} is found. */

/** Whether this is macOS. */
export const isDarwin: boolean = Deno.build.os === "darwin";

/** Whether this is Linux. */
export const isLinux: boolean = Deno.build.os === "linux";

/** The platform as messages name it. */
export const platformName: string = isDarwin ? "macOS" : isLinux ? "Linux" : Deno.build.os;
