const MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];
const LISTS = ['oneOf', 'anyOf', 'allOf', 'prefixItems'];
const SINGLE = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'];

/** Calls `look(schema, path)` for a schema and all within it; examples and defaults are no schemas. */
export const walk = (schema, path, look, seen = new Set()) => {
  if (!schema || typeof schema !== 'object' || seen.has(schema)) return;
  seen.add(schema);
  look(schema, path);
  for (const key of MAPS)
    for (const [name, part] of Object.entries(schema[key] ?? {})) walk(part, [...path, key, name], look, seen);
  for (const key of LISTS) (schema[key] ?? []).forEach((part, index) => walk(part, [...path, key, index], look, seen));
  for (const key of SINGLE) walk(schema[key], [...path, key], look, seen);
};

/** The schemas that a rule is given: one, or the whole map of `components.schemas`. */
export const each = (value, path, look) => {
  if (path.length === 2 && path[0] === 'components' && path[1] === 'schemas')
    for (const [name, schema] of Object.entries(value ?? {})) walk(schema, [...path, name], look);
  else walk(value, path, look);
};

/** Whether a schema takes values of a type. */
export const takes = (schema, type) =>
  Array.isArray(schema.type) ? schema.type.includes(type) : schema.type === type;
