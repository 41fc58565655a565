/** LogTape, whose loggers fit where a `logger` is asked for. Named here and not in deno.json, as fast_check.ts tells. */

export { configureSync, getLogger, resetSync } from "npm:@logtape/logtape@2.4.2";
