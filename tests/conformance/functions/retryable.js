/** 503 has Retry-After. */
export default (responses, _options, { path }) =>
  responses?.['503'] && !responses['503'].headers?.['Retry-After']
    ? [{ message: '503 lacks the header Retry-After', path: [...path, '503'] }]
    : [];
