/** The OpenAPI document at `/openapi.json`, and Swagger UI on it at `/docs`; all of it from this server. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { type Express } from 'express';
import { PAGE_HEADERS } from './console.ts';
import { openApi } from './openapi/document.ts';

const require = createRequire(import.meta.url);

/** Of Swagger UI's files, what the page needs. */
const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>NoETL: HTTP API</title>
    <link rel="icon" href="/docs/favicon-32x32.png" />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="api"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script type="module" src="/docs/start.js"></script>
  </body>
</html>
`;

/**
 * A file of its own, because the policy lets nothing run that stands in a page. Nobody is asked to validate. The token
 * is that of the console in the same tab, which is also where to sign in.
 */
const START = `const token = sessionStorage.getItem('noetl.token');
const signed = (request) => {
  if (token) request.headers.Authorization = 'Bearer ' + token;
  return request;
};
const { status } = await fetch('/openapi.json', signed({ headers: {} }));
if (status === 401) location.replace('/');
else SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  filter: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  requestInterceptor: signed,
});
`;

export function serveDocument(app: Express): void {
  const text = JSON.stringify(openApi());
  app.get('/openapi.json', (_, response) => {
    response.type('json').set('Cache-Control', 'no-cache').send(text);
  });
  app.get('/docs', (_, response) => {
    response.set(PAGE_HEADERS).set('Cache-Control', 'no-cache').type('html').send(PAGE);
  });
  const root = dirname(require.resolve('swagger-ui-dist/package.json'));
  const files = express.static(root, {
    index: false,
    maxAge: '1h',
    setHeaders: (response) => void response.set(PAGE_HEADERS),
  });
  app.use('/docs', (request, response, next) => {
    if (request.path === '/start.js') response.set(PAGE_HEADERS).type('js').send(START);
    else if (FILES.includes(request.path.slice(1))) files(request, response, next);
    else next();
  });
}
