/** The HTTP API for programs in TypeScript: requests and answers with the types of its OpenAPI document. */
export { connectApi, done, read, stream, urlOf, type Api, type Schemas, type Url } from './api.ts';
export { NOT_NOETL, Problem, UNREACHABLE, type Finding } from './problem.ts';
