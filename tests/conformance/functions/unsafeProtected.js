const UNSAFE = ['post', 'put', 'patch', 'delete'];

/** Every operation that changes something has `security`, of its own or of the whole document. */
export default (document, _options, { path }) => {
  if (Array.isArray(document?.security) && document.security.length > 0) return [];
  const found = [];
  for (const [address, item] of Object.entries(document?.paths ?? {}))
    for (const verb of UNSAFE)
      if (item?.[verb] && !(Array.isArray(item[verb].security) && item[verb].security.length > 0))
        found.push({ message: `${verb} ${address} says not who may`, path: [...path, 'paths', address, verb] });
  return found;
};
