const PROBLEM = 'application/problem+json';

/** Every response of 4xx and 5xx, and `default`, has problem+json and nothing else. */
export default (responses, _options, { path }) =>
  Object.entries(responses ?? {})
    .filter(([status]) => /^[45]/.test(status) || status === 'default')
    .filter(([, response]) => {
      const types = Object.keys(response?.content ?? {});
      return types.length !== 1 || types[0] !== PROBLEM;
    })
    .map(([status]) => ({ message: `${status} must be ${PROBLEM} alone`, path: [...path, status] }));
