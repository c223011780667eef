import { each, takes } from './walk.js';

/** An object with properties says whether it may have others. */
export default (value, _options, { path }) => {
  const found = [];
  each(value, path, (schema, place) => {
    if (takes(schema, 'object') && schema.additionalProperties === undefined && schema.unevaluatedProperties === undefined && !place.includes('allOf'))
      found.push({ message: `${place.join('.')} lacks additionalProperties`, path: place });
  });
  return found;
};
