// Every rule is alive: the good document passes, and each broken one is refused by the rule it breaks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROKEN } from './broken.mjs';
import { good } from './good.mjs';
import { lint, linter, ownRules } from './lib.mjs';

const OFF = ['openapi-tags-alphabetical'];
const spectral = await linter();

test('a document that follows the rules passes', async () => {
  assert.deepEqual(await lint(spectral, good()), []);
});

test('every rule of the ruleset has a document that breaks it', () => {
  const broken = new Set(BROKEN.map(([rule]) => rule));
  const rules = ownRules();
  assert.ok(rules.length > 40, 'the ruleset is read');
  assert.deepEqual(rules.filter((rule) => !OFF.includes(rule) && !broken.has(rule)), []);
});

for (const [rule, breaks] of BROKEN)
  test(`${rule} sees: ${breaks.toString().slice('(it) => '.length)}`, async () => {
    const document = good();
    breaks(document);
    const found = (await lint(spectral, document)).map((result) => result.code);
    assert.ok(found.includes(rule), `${rule} is silent; found: ${[...new Set(found)].join(', ') || 'nothing'}`);
  });
