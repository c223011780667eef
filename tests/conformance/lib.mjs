import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The linter's packages lie where scripts/install-tools put them.
const require = createRequire(join(process.env.FILO_NODE_TOOLS ?? dirname(fileURLToPath(import.meta.url)), 'package.json'));
const { Spectral, Document } = require('@stoplight/spectral-core');
const { Json } = require('@stoplight/spectral-parsers');
const { bundleAndLoadRuleset } = require('@stoplight/spectral-ruleset-bundler/with-loader');

export const RULESET = join(dirname(fileURLToPath(import.meta.url)), 'spectral.yaml');

/** The linter with our rules. */
export const linter = async () => {
  const spectral = new Spectral();
  spectral.setRuleset(await bundleAndLoadRuleset(RULESET, { fs, fetch }));
  return spectral;
};

/** The names of the rules that are our own, as they stand in the ruleset. */
export const ownRules = () => {
  const text = readFileSync(RULESET, 'utf8');
  const rules = text.slice(text.indexOf('\nrules:'));
  return [...rules.matchAll(/^ {2}([a-z0-9-]+):\s*$/gm)].map((match) => match[1]);
};

/** What the linter says of a document, given as a value. */
export const lint = (spectral, document) =>
  spectral.run(new Document(JSON.stringify(document), Json, 'document.json'));
