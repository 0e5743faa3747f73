/** Endpoints of results, kept values, variables, templates, SQL and credentials. */
import { readRender } from '../../routes/context.ts';
import { CREDENTIAL_QUERY, CREDENTIALS_QUERY, readCredentialBody } from '../../routes/credentials.ts';
import { KEPT_QUERY, readKeep, RESOLVE_QUERY, RESULT_QUERY } from '../../routes/results.ts';
import { readSql } from '../../routes/sql.ts';
import { readVariables } from '../../routes/vars.ts';
import * as answer from '../answers/values.ts';
import { body, json, operations, type Operation } from '../operation.ts';

function kept(base: 'result' | 'temp', suffix: '' | 'Temp', older: string): Operation[] {
  return operations('Values', {
    [`getResult${suffix}`]: [
      `GET /api/${base}/:execution_id/:name`,
      `The value of a step${older}`,
      { query: RESULT_QUERY, answers: { 200: json(answer.stepResult) } },
    ],
    [`keepValue${suffix}`]: [
      `PUT /api/${base}/:execution_id`,
      `Keep a value${older}`,
      { ...body(readKeep), answers: { 201: json(answer.kept) } },
    ],
    [`resolveReference${suffix}`]: [
      `GET /api/${base}/resolve`,
      `What a reference stands for${older}`,
      { query: RESOLVE_QUERY, answers: { 200: json(answer.resolved) } },
    ],
    [`listKept${suffix}`]: [
      `GET /api/${base}/:execution_id/list`,
      `What has been kept${older}`,
      { query: KEPT_QUERY, answers: { 200: json(answer.keptList) } },
    ],
    [`dropKept${suffix}`]: [
      `DELETE /api/${base}/:execution_id/:name`,
      `Delete a kept value, by id${older}`,
      { answers: { 200: json(answer.deleted) } },
    ],
  });
}

export const valueOperations = [
  ...kept('result', '', ''),
  ...kept('temp', 'Temp', ' (an older name)'),
  ...operations('Values', {
    listVariables: [
      'GET /api/vars/:id',
      'Variables of an execution, and who wrote them',
      { answers: { 200: json(answer.variables) } },
    ],
    setVariables: [
      'POST /api/vars/:id',
      'Write variables: the next step sees them',
      { ...body(readVariables), answers: { 200: json(answer.variablesSet) } },
    ],
    getVariable: ['GET /api/vars/:id/:name', 'One variable', { answers: { 200: json(answer.variable) } }],
    deleteVariables: [
      'DELETE /api/vars/:id',
      'Set all variables to null',
      { answers: { 200: json(answer.variablesDeleted) } },
    ],
    deleteVariable: [
      'DELETE /api/vars/:id/:name',
      'Set one variable to null',
      { answers: { 200: json(answer.variableDeleted) } },
    ],
    renderTemplate: [
      'POST /api/context/render',
      'What a template would give now',
      { ...body(readRender), answers: { 200: json(answer.rendered) } },
    ],
    executeSql: [
      'POST /api/postgres/execute',
      'Read-only SQL, where it is switched on',
      { ...body(readSql), answers: { 200: json(answer.sqlAnswer) } },
    ],
  }),
  ...operations('Credentials', {
    saveCredential: [
      'POST /api/credentials',
      'Create or replace a credential',
      {
        ...body(readCredentialBody),
        answers: { 200: json(answer.credential), 201: json(answer.credential) },
      },
    ],
    listCredentials: [
      'GET /api/credentials',
      'All credentials, without their data',
      { query: CREDENTIALS_QUERY, answers: { 200: json(answer.credentialList) } },
    ],
    getCredential: [
      'GET /api/credentials/:name',
      'One credential by name or id, without its data',
      { query: CREDENTIAL_QUERY, answers: { 200: json(answer.credential) } },
    ],
    deleteCredential: [
      'DELETE /api/credentials/:name',
      'Delete a credential',
      { answers: { 200: json(answer.nameDeleted) } },
    ],
    getKeychain: [
      'GET /api/keychain/catalog/:catalog_id',
      'The keychain that a playbook declares, without what it holds',
      { answers: { 200: json(answer.keychain) } },
    ],
    getKeychainEntry: [
      'GET /api/keychain/:catalog_id/:name',
      'One entry of a keychain',
      { answers: { 200: json(answer.keychainEntry) } },
    ],
  }),
];
