/** The name of a parameter of certain places matches, or does not match. */
export default (parameter, { places, match, notMatch }) => {
  const name = parameter?.name;
  if (typeof name !== 'string' || !places.includes(parameter.in)) return [];
  if (match && !new RegExp(match).test(name)) return [{ message: `${name} must match ${match}` }];
  if (notMatch && new RegExp(notMatch, 'i').test(name)) return [{ message: `${name} must have another name` }];
  return [];
};
