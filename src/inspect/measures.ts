/** The options that tell how a socket fares, and so are no settings. */

import { supportedOptions } from "../options/supported_options.ts";

/** Their names. */
export const SUPPORTED_MEASURES: ReadonlySet<string> = new Set(
  supportedOptions().filter(({ measures }) => measures).map(({ name }) => name),
);
