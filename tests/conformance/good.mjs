const problem = {
  'application/problem+json': {
    schema: { $ref: '#/components/schemas/Problem' },
    example: { title: 'Not Found', status: 404 },
  },
};
const json = (schema, example) => ({ 'application/json': { schema, example } });
const count = { type: 'integer', format: 'int32', minimum: 0, maximum: 1000 };
const header = (description) => ({ description, schema: count });
const limits = {
  'X-RateLimit-Limit': header('Allowed.'),
  'X-RateLimit-Remaining': header('Left.'),
  'X-RateLimit-Reset': header('Seconds.'),
};
const retry = { 'Retry-After': header('Seconds.') };

/** A small document that follows every rule; the broken ones differ from it in one place. */
export const good = () =>
  structuredClone({
    openapi: '3.1.0',
    info: {
      title: 'Lampioni',
      version: '1.2.3',
      description: 'Segnalazioni di lampioni spenti.',
      'x-summary': 'Segnalazioni di lampioni spenti',
      'x-api-id': 'lampioni',
      termsOfService: 'https://example.it/condizioni',
      contact: { name: 'Ufficio', url: 'https://example.it' },
      license: { name: 'EUPL-1.2', url: 'https://example.it/licenza' },
    },
    servers: [{ url: 'https://example.it', description: 'Esercizio' }],
    tags: [
      { name: 'lampioni', description: 'I lampioni.' },
      { name: 'stato', description: 'Il servizio.' },
    ],
    paths: {
      '/status': {
        get: {
          operationId: 'status',
          summary: 'Stato',
          description: 'Se il servizio funziona.',
          tags: ['stato'],
          responses: {
            200: { description: 'Funziona.', content: problem },
            503: { description: 'Non funziona.', headers: retry, content: problem },
          },
        },
      },
      '/rest/street-lamps/v1/lamps': {
        get: {
          operationId: 'list_lamps',
          summary: 'Lampioni',
          description: 'Tutti i lampioni.',
          tags: ['lampioni'],
          parameters: [
            { name: 'limit', in: 'query', description: 'Quanti.', schema: { ...count, minimum: 1, maximum: 200 } },
            { name: 'cursor', in: 'query', description: 'Da dove.', schema: { type: 'string', maxLength: 100 } },
            { name: 'Request-Id', in: 'header', description: 'Chi chiede.', schema: { type: 'string', maxLength: 64 } },
          ],
          responses: {
            200: {
              description: 'I lampioni.',
              headers: limits,
              content: json({ $ref: '#/components/schemas/Lamps' }, { items: [] }),
            },
            429: { description: 'Troppe richieste.', headers: { ...limits, ...retry }, content: problem },
          },
        },
      },
      '/rest/street-lamps/v1/lamps/{lamp_id}': {
        patch: {
          operationId: 'change_lamp',
          summary: 'Cambia',
          description: 'Cambia un lampione.',
          tags: ['lampioni'],
          security: [{ bearer: [] }],
          parameters: [
            { name: 'lamp_id', in: 'path', required: true, description: 'Quale.', schema: { type: 'string', format: 'uuid' } },
          ],
          requestBody: {
            content: { 'application/merge-patch+json': { schema: { $ref: '#/components/schemas/Lamp' }, example: { watt: 60 } } },
          },
          responses: {
            204: { description: 'Fatto.' },
            404: { description: 'Non esiste.', content: problem },
          },
        },
      },
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Lamps: {
          type: 'object',
          additionalProperties: false,
          properties: { items: { type: 'array', maxItems: 200, items: { $ref: '#/components/schemas/Lamp' } } },
        },
        Lamp: {
          type: 'object',
          additionalProperties: false,
          properties: {
            name: { type: 'string', maxLength: 100 },
            watt: { type: 'number', format: 'double', minimum: 0, maximum: 1000 },
            lit_s: { type: ['integer', 'null'], format: 'int64', minimum: 0, maximum: 1000000 },
            changed_at: { type: 'string', format: 'date-time' },
          },
        },
        Problem: {
          type: 'object',
          additionalProperties: true,
          properties: { title: { type: 'string', maxLength: 100 }, status: count },
        },
      },
    },
  });
