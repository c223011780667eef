import { each, takes } from './walk.js';

const parts = (schema) => [schema, ...(schema?.oneOf ?? []), ...(schema?.anyOf ?? []), ...(schema?.allOf ?? [])];
const KINDS = {
  _at: (schema) => parts(schema).some((part) => part?.format === 'date-time'),
  _s: (schema) => parts(schema).some((part) => part && (takes(part, 'integer') || takes(part, 'number'))),
};

/** What is named …_at is an instant, what is named …_s a number of seconds. */
export default (value, { suffix }, { path }) => {
  const found = [];
  each(value, path, (schema, place) => {
    for (const [name, property] of Object.entries(schema.properties ?? {}))
      if (name.endsWith(suffix) && !KINDS[suffix](property))
        found.push({ message: `${name} is of another kind`, path: [...place, 'properties', name] });
  });
  return found;
};
