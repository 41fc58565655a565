/**
 * fast-check, for property tests. It is named here and not in deno.json: `deno task` fetches every package that stands
 * there, and whoever starts the server needs none of the tests'.
 */

export { default } from "npm:fast-check@4.10.2";
