/** The program and what it always loads in few files, where Node would find, read and link four hundred. */
import { readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** Packages that are bundled as well: of apache-arrow most is of no use here, and ajv is sixty files. */
const BUNDLED = ['apache-arrow', 'ajv'];
/** Beside the folders of the modules, so that everything is as many folders away. */
const FOLDER = 'program';

/**
 * Bundle `cli/program.js` of a build into its folder `program`, with the licences of what is in it. All modules stay
 * where they are too, for programs that import the package, for threads, and where few files may be open.
 * @param folder - a build by the compiler
 * @param packages - names of the package's dependencies
 */
export async function bundleProgram(folder: string, packages: readonly string[]): Promise<void> {
  const dist = await realpath(folder);
  const { metafile } = await build({
    // Paths that are written into the files are relative to it, so that they are the same wherever it is built.
    absWorkingDir: dist,
    entryPoints: ['cli/program.js'],
    outdir: FOLDER,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    external: packages.filter((name) => !BUNDLED.includes(name)).flatMap((name) => [name, `${name}/*`]),
    plugins: [asAtHome(dist)],
    metafile: true,
    logLevel: 'warning',
  });
  const foreign = Object.keys(metafile.inputs).flatMap(
    (path) => /^.*node_modules\/(?!\.)(?:@[^/]+\/)?[^/]+/.exec(join(dist, path))?.[0] ?? [],
  );
  const licences = [...new Set(foreign)].sort().map(licenceOf);
  await writeFile(join(dist, FOLDER, 'LICENSES.txt'), (await Promise.all(licences)).join(`\n${'-'.repeat(80)}\n\n`));
}

/** What is bundled when it is required is not looked for by Node. */
const LAZY = /^const require = createRequire\(import\.meta\.url\);$/m;

/** A module finds threads, pages and packages beside itself: in the bundle it is told where it was. */
function asAtHome(dist: string): Plugin {
  return {
    name: 'as-at-home',
    setup({ onLoad }) {
      onLoad({ filter: /\.js$/ }, async ({ path }) => {
        if (!path.startsWith(dist + sep)) return undefined;
        const home = JSON.stringify(`../${relative(dist, path).split(sep).join('/')}`);
        const text = await readFile(path, 'utf8');
        return {
          contents: text.replace(LAZY, '').replaceAll('import.meta.url', `new URL(${home}, import.meta.url).href`),
        };
      });
    },
  };
}

/** @param folder - of a package. Errors: a package without a licence cannot be passed on */
async function licenceOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).sort();
  if (names.length === 0) throw new Error(`${folder} has no licence`);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  const name = basename(dirname(folder)).startsWith('@')
    ? `${basename(dirname(folder))}/${basename(folder)}`
    : basename(folder);
  return [`${name}\n`, ...texts].join('\n');
}
