import { each, takes } from './walk.js';

/** What takes numbers of a type has one of the formats. */
export default (value, { type, formats }, { path }) => {
  const found = [];
  each(value, path, (schema, place) => {
    if (takes(schema, type) && !schema.enum && schema.const === undefined && !formats.includes(schema.format))
      found.push({ message: `${place.join('.')} lacks a format of ${formats.join(', ')}`, path: place });
  });
  return found;
};
