/** What the executables are made of, as CycloneDX: this package, Deno itself and the packages of npm. To standard output. */

// deno-lint-ignore no-import-prefix -- what only releases use is named here
import { Enums, Models, Serialize, Spec } from "npm:@cyclonedx/cyclonedx-library@10.3.0";
import config from "../deno.json" with { type: "json" };

/** What `deno info --json` tells of a package of npm. */
interface NpmPackage {
  readonly name: string;
  readonly version: string;
}

/** A part that is under the licence that it names itself, or is not said to have one. */
function component(name: string, version: string, purl: string): Models.Component {
  const slash = name.indexOf("/");
  const [group, rest] = slash < 0
    ? [undefined, name]
    : [name.slice(0, slash), name.slice(slash + 1)];
  return new Models.Component(Enums.ComponentType.Library, rest, {
    bomRef: purl,
    group,
    version,
    purl,
  });
}

const npm = (name: string, version: string): Models.Component =>
  component(name, version, `pkg:npm/${name.replace("@", "%40")}@${version}`);

const whole = new Models.Component(Enums.ComponentType.Application, "tcp", {
  bomRef: `pkg:jsr/${config.name}@${config.version}`,
  group: "@sockopt",
  version: config.version,
  licenses: new Models.LicenseRepository([new Models.SpdxLicense(config.license)]),
});

const parts = new Map<string, Models.Component>();
for (const program of ["server.ts", "inspect.ts"]) {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL(`../${program}`, import.meta.url).pathname],
  }).output();
  if (!success) Deno.exit(1);
  const { npmPackages } = JSON.parse(new TextDecoder().decode(stdout));
  for (const { name, version } of Object.values<NpmPackage>(npmPackages ?? {})) {
    parts.set(`${name}@${version}`, npm(name, version));
  }
}
const runtime = component(
  "denoland/deno",
  Deno.version.deno,
  `pkg:github/denoland/deno@v${Deno.version.deno}`,
);

const bom = new Models.Bom({
  metadata: new Models.Metadata({ timestamp: new Date(), component: whole }),
  components: new Models.ComponentRepository([runtime, ...parts.values()]),
});
for (const { bomRef } of bom.components) whole.dependencies.add(bomRef);

const serializer = new Serialize.JsonSerializer(
  new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6),
);
console.log(serializer.serialize(bom, { sortLists: true, space: 2 }));
