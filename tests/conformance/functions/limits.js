import { each, takes } from './walk.js';

/** Texts, lists and numbers are limited. */
export default (value, _options, { path }) => {
  const found = [];
  each(value, path, (schema, place) => {
    const fixed = schema.enum || schema.const !== undefined;
    const tell = (what) => found.push({ message: `${place.join('.')} lacks ${what}`, path: place });
    if (takes(schema, 'string') && !fixed && !schema.format && !schema.pattern && schema.maxLength === undefined) tell('maxLength');
    if (takes(schema, 'array') && schema.maxItems === undefined) tell('maxItems');
    if ((takes(schema, 'integer') || takes(schema, 'number')) && !fixed && (schema.minimum === undefined || schema.maximum === undefined))
      tell('minimum and maximum');
  });
  return found;
};
