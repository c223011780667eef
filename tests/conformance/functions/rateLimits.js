const LIMITS = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

/** Where 429 may come, the successes and the 429 have the headers, and the 429 has Retry-After. */
export default (responses, _options, { path }) => {
  if (!responses?.['429']) return [];
  const found = [];
  for (const [status, response] of Object.entries(responses)) {
    const wanted = status === '429' ? [...LIMITS, 'Retry-After'] : status.startsWith('2') ? LIMITS : [];
    for (const name of wanted)
      if (!response?.headers?.[name]) found.push({ message: `${status} lacks the header ${name}`, path: [...path, status] });
  }
  return found;
};
