const LITERAL = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const NAME = /^\{[a-z][a-z0-9]*(_[a-z0-9]+)*\}$/;

/** A path's segments are kebab-case, the names in it snake_case, and no slash ends it. */
export default (address) => {
  const bad = String(address).slice(1).split('/').filter((part) => !LITERAL.test(part) && !NAME.test(part));
  return bad.length ? [{ message: `${address}: not kebab-case: ${bad.join(', ') || '(nothing)'}` }] : [];
};
