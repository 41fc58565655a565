/** The value of `--option` and the like: any socket option by its name, with its value as text. */

import type { WritableOption } from "../../ffi/socket_option.ts";
import type { OptionValue } from "../options/settings.ts";
import { supportedOptions } from "../options/supported_options.ts";
import { byteSize } from "./flag_values.ts";
import { nearest } from "./nearest.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Makes an option with its value of text such as `TCP_CONGESTION=cubic` or `SO_LINGER=on,3`.
 *
 * @param argument The text.
 * @param flag The flag that it is given to, as messages name it.
 * @throws {UsageError} when there is no such option, it cannot be set, or the value is not of its kind.
 */
export function parseOptionArgument(argument: string, flag = "--option"): OptionValue {
  const equals = argument.indexOf("=");
  const name = equals < 0 ? argument : argument.slice(0, equals);
  const option = writableOption(name, flag);
  if (equals < 0) throw new UsageError(`${flag} ${name} needs a value: ${flag} ${name}=VALUE`);
  const { codec } = option;
  if (codec.parse === undefined) {
    throw new UsageError(`${flag} ${name}: its value is a structure; set it with the library`);
  }
  const text = argument.slice(equals + 1);
  try {
    const value = hasUnit(option, text) ? sizeOf(text) : codec.parse(text);
    codec.encode(value, new DataView(new ArrayBuffer(codec.size)));
    return [option, value];
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new UsageError(`${flag} ${name}: ${error.message}`);
  }
}

/** Whether a text is the size of a buffer with its unit, as `--recv-buffer` takes it. */
function hasUnit(option: WritableOption<unknown>, text: string): boolean {
  return option.doubles === true && /^\d+[kmg]/i.test(text);
}

function sizeOf(text: string): number {
  try {
    return byteSize(text);
  } catch (error) {
    throw new RangeError(`expected ${(error as Error).message}, got ${JSON.stringify(text)}`);
  }
}

function writableOption(name: string, flag: string): WritableOption<unknown> {
  const options = supportedOptions();
  const option = options.find((option) => option.name === name);
  if (option === undefined) {
    const near = nearest(name, options.map(({ name }) => name));
    const advice = near === undefined ? "" : `; did you mean ${near}?`;
    throw new UsageError(`${flag} ${name}: there is no such option${advice}`);
  }
  if (option.access === "read-only") {
    throw new UsageError(`${flag} ${name}: it can only be read`);
  }
  return option;
}
