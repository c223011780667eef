const isObject = (schema) => {
  if (!schema || typeof schema !== 'object') return false;
  if (schema.type === 'object' || schema.properties) return true;
  for (const several of [schema.oneOf, schema.anyOf]) if (several) return several.every(isObject);
  return schema.allOf ? schema.allOf.some(isObject) : false;
};

/** The schema of a JSON answer is that of an object. */
export default (media) => (isObject(media?.schema) ? [] : [{ message: 'the answer must be an object' }]);
