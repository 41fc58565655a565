/** Settings on a socket that is being opened: what the kernel makes something else of is told, or is an error. */

import { SocketError } from "../../ffi/socket_error.ts";
import { OptionAssertionError } from "../options/assert_option.ts";
import { applyOption, type OptionValue, type SettingReport } from "../options/settings.ts";
import { type Logger, readyLogger } from "./logger.ts";

/** What becomes of a setting that is not as asked. */
export interface Strictness {
  /**
   * Whether it is an error when the kernel makes something else of a setting, such as a smaller buffer.
   * Otherwise it is a warning.
   *
   * @default {false}
   */
  strict?: boolean;
  /** Where warnings go. */
  logger?: Logger;
}

/** Sets one option. One that the kernel may drop at any time is no loss where it does not have it at all. */
export function putInForce(fd: number, setting: OptionValue): SettingReport {
  try {
    return applyOption(fd, setting);
  } catch (error) {
    const [option, requested] = setting;
    if (!(error instanceof SocketError) || option.lapses !== true) throw error;
    const note = `done without: ${error.message}`;
    return { option: option.name, requested, effective: undefined, ok: false, note };
  }
}

/** Says which settings are not as asked: as warnings, or by an error where the caller is strict. */
export function complain(
  reports: readonly SettingReport[],
  { strict = false, logger }: Strictness,
): void {
  for (const { option, requested, effective, limit, note, ok } of reports) {
    if (ok) continue;
    const error = new OptionAssertionError(option, requested, effective, note);
    if (strict) throw error;
    readyLogger(logger).warn(error.message, {
      event: "setting_changed",
      option,
      requested,
      effective,
      limit,
      note,
    });
  }
}
