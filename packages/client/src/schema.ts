/** Types of the HTTP API, generated from its OpenAPI document: `npm run client` writes this file. */
export interface paths {
  '/api/catalog/register': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Register a playbook: a new version, or the latest one when nothing has changed
     * @description Needs the role author.
     */
    post: operations['registerPlaybook'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/catalog/validate': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Check a playbook and store nothing
     * @description Needs the role author.
     */
    post: operations['validatePlaybook'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/catalog': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The latest version of each path
     * @description Needs the role viewer.
     */
    get: operations['listCatalog'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/catalog/list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * The same, asked for in a body
     * @description Needs the role viewer.
     */
    post: operations['listCatalogByBody'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/catalog/resource': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * One entry by id, or by path and version
     * @description Needs the role viewer.
     */
    post: operations['getCatalogEntry'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/catalog/{path}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The latest version of a path, and all versions there are
     * @description Needs the role viewer.
     */
    get: operations['getLatest'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/schedules': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * All schedules
     * @description Needs the role viewer.
     */
    get: operations['listSchedules'];
    put?: never;
    /**
     * Run a playbook by cron or at an interval
     * @description Needs the role operator.
     */
    post: operations['createSchedule'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/schedules/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * One schedule
     * @description Needs the role viewer.
     */
    get: operations['getSchedule'];
    put?: never;
    post?: never;
    /**
     * Delete a schedule
     * @description Needs the role operator.
     */
    delete: operations['deleteSchedule'];
    options?: never;
    head?: never;
    /**
     * Change a schedule; what is left away stays
     * @description Needs the role operator.
     */
    patch: operations['changeSchedule'];
    trace?: never;
  };
  '/api/schedules/{id}/run': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Run it now, besides its times
     * @description Needs the role operator.
     */
    post: operations['runSchedule'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/execute': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Start an execution
     * @description Needs the role operator.
     */
    post: operations['execute'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/run/playbook': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * An older name of `POST /api/execute`
     * @description Needs the role operator.
     */
    post: operations['runPlaybook'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Executions, the newest first; live
     * @description Needs the role viewer.
     */
    get: operations['listExecutions'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * An execution with its steps and a page of its events
     * @description Needs the role viewer.
     */
    get: operations['getExecution'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/summary': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Its head, the state of its steps and the counters of its loops; live
     * @description Needs the role viewer.
     */
    get: operations['getSummary'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/graph': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Steps and arcs of the playbook it runs
     * @description Needs the role viewer.
     */
    get: operations['getGraph'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/status': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * How far it has come
     * @description Needs the role viewer.
     */
    get: operations['getExecutionState'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/cancellation-check': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Whether it is cancelled
     * @description Needs the role viewer.
     */
    get: operations['checkCancellation'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Its events; as a stream, those to come as well
     * @description Needs the role viewer.
     */
    get: operations['listEvents'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/cancel': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Cancel it, and its children
     * @description Needs the role operator.
     */
    post: operations['cancelExecution'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/pause': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Start nothing new of it
     * @description Needs the role operator.
     */
    post: operations['pauseExecution'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/resume': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Go on
     * @description Needs the role operator.
     */
    post: operations['resumeExecution'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/finalize': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * End by force what does not end by itself
     * @description Needs the role operator.
     */
    post: operations['finalizeExecution'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/rerun': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * The same version with the same payload once more
     * @description Needs the role operator.
     */
    post: operations['rerunExecution'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/cleanup': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Cancel executions in which nothing happens any more
     * @description Needs the role operator.
     */
    post: operations['cleanUpExecutions'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/webhook': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * How the delivery of its webhook stands
     * @description Needs the role viewer.
     */
    get: operations['getWebhook'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/webhook/redeliver': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Deliver its webhook once more
     * @description Needs the role operator.
     */
    post: operations['redeliverWebhook'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/loops': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Counters of all loops of an execution
     * @description Needs the role viewer.
     */
    get: operations['listLoops'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/loops/{step}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Counters, rate and ETA of the newest entry of a loop; live
     * @description Needs the role viewer.
     */
    get: operations['getLoop'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/loops/{step}/map': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The index range in buckets, and items done over time
     * @description Needs the role viewer.
     */
    get: operations['getLoopMap'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/loops/{step}/items': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Items of a loop by index; as NDJSON all of them, one a line
     * @description Needs the role viewer.
     */
    get: operations['listItems'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/loops/{step}/pause': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Start nothing new of the newest entry of a loop
     * @description Needs the role operator.
     */
    post: operations['pauseLoop'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/loops/{step}/resume': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Go on
     * @description Needs the role operator.
     */
    post: operations['resumeLoop'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/redrive': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Run chosen items of a loop again, and all that follows from it
     * @description Needs the role operator.
     */
    post: operations['redrive'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/executions/{id}/dead-letters': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What failed in loops, by error and class of message
     * @description Needs the role viewer.
     */
    get: operations['listDeadLetters'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/aggregate/loop/results': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The results of a loop in index order, streamed
     * @description Needs the role viewer.
     */
    get: operations['listLoopResults'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/bulk/cancel': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Cancel the executions that a filter names and that have not ended
     * @description Needs the role operator.
     */
    post: operations['bulkCancel'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/bulk/pause': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Pause the executions that a filter names and that run
     * @description Needs the role operator.
     */
    post: operations['bulkPause'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/bulk/resume': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Go on with the executions that a filter names and that are paused
     * @description Needs the role operator.
     */
    post: operations['bulkResume'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/bulk/redrive': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Run chosen items of a loop again in the executions that a filter names and that have ended
     * @description Needs the role operator.
     */
    post: operations['bulkRedrive'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/result/{execution_id}/{name}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The value of a step
     * @description Needs the role viewer.
     */
    get: operations['getResult'];
    put?: never;
    post?: never;
    /**
     * Delete a kept value, by id
     * @description Needs the role operator.
     */
    delete: operations['dropKept'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/result/{execution_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /**
     * Keep a value
     * @description Needs the role operator.
     */
    put: operations['keepValue'];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/result/resolve': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What a reference stands for
     * @description Needs the role viewer.
     */
    get: operations['resolveReference'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/result/{execution_id}/list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What has been kept
     * @description Needs the role viewer.
     */
    get: operations['listKept'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/temp/{execution_id}/{name}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The value of a step (an older name)
     * @description Needs the role viewer.
     */
    get: operations['getResultTemp'];
    put?: never;
    post?: never;
    /**
     * Delete a kept value, by id (an older name)
     * @description Needs the role operator.
     */
    delete: operations['dropKeptTemp'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/temp/{execution_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /**
     * Keep a value (an older name)
     * @description Needs the role operator.
     */
    put: operations['keepValueTemp'];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/temp/resolve': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What a reference stands for (an older name)
     * @description Needs the role viewer.
     */
    get: operations['resolveReferenceTemp'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/temp/{execution_id}/list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What has been kept (an older name)
     * @description Needs the role viewer.
     */
    get: operations['listKeptTemp'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/vars/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Variables of an execution, and who wrote them
     * @description Needs the role viewer.
     */
    get: operations['listVariables'];
    put?: never;
    /**
     * Write variables: the next step sees them
     * @description Needs the role operator.
     */
    post: operations['setVariables'];
    /**
     * Set all variables to null
     * @description Needs the role operator.
     */
    delete: operations['deleteVariables'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/vars/{id}/{name}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * One variable
     * @description Needs the role viewer.
     */
    get: operations['getVariable'];
    put?: never;
    post?: never;
    /**
     * Set one variable to null
     * @description Needs the role operator.
     */
    delete: operations['deleteVariable'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/context/render': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * What a template would give now
     * @description Needs the role author.
     */
    post: operations['renderTemplate'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/postgres/execute': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Read-only SQL, where it is switched on
     * @description Needs the role admin.
     */
    post: operations['executeSql'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/credentials': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * All credentials, without their data
     * @description Needs the role author.
     */
    get: operations['listCredentials'];
    put?: never;
    /**
     * Create or replace a credential
     * @description Needs the role admin.
     */
    post: operations['saveCredential'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/credentials/{name}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * One credential by name or id, without its data
     * @description Needs the role author.
     */
    get: operations['getCredential'];
    put?: never;
    post?: never;
    /**
     * Delete a credential
     * @description Needs the role admin.
     */
    delete: operations['deleteCredential'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/keychain/catalog/{catalog_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The keychain that a playbook declares, without what it holds
     * @description Needs the role author.
     */
    get: operations['getKeychain'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/keychain/{catalog_id}/{name}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * One entry of a keychain
     * @description Needs the role author.
     */
    get: operations['getKeychainEntry'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/limits': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Named limits, and what is in use now
     * @description Needs the role viewer.
     */
    get: operations['listLimits'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/limits/{key}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * One limit
     * @description Needs the role viewer.
     */
    get: operations['getLimit'];
    /**
     * Set a limit; takes effect while executions run
     * @description Needs the role operator.
     */
    put: operations['setLimit'];
    post?: never;
    /**
     * No limit any more
     * @description Needs the role operator.
     */
    delete: operations['deleteLimit'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/health': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** This process lives */
    get: operations['getHealth'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/health': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The same */
    get: operations['getHealthAtRoot'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/ready': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Postgres and NATS answer */
    get: operations['getReadiness'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/status': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Services, processes and counts; live
     * @description Needs the role viewer.
     */
    get: operations['getPlatform'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/dashboard/stats': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The same
     * @description Needs the role viewer.
     */
    get: operations['getDashboard'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/worker/pools': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Workers and their slots
     * @description Needs the role viewer.
     */
    get: operations['listWorkers'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/pool/status': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The same
     * @description Needs the role viewer.
     */
    get: operations['getPoolStatus'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/metrics': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * For Prometheus
     * @description Needs the role viewer.
     */
    get: operations['getMetrics'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/metrics': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The same
     * @description Needs the role viewer.
     */
    get: operations['getMetricsAtRoot'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/openapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * This document
     * @description Needs the role viewer.
     */
    get: operations['getOpenApi'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/docs': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** This document as a page to browse */
    get: operations['getDocs'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/whoami': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Who the token belongs to, and what it may do
     * @description Needs the role viewer.
     */
    get: operations['getCaller'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/tokens': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * All API tokens, without the tokens
     * @description Needs the role admin.
     */
    get: operations['listTokens'];
    put?: never;
    /**
     * Make an API token; it is shown in this answer only
     * @description Needs the role admin.
     */
    post: operations['createToken'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/tokens/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Take a token out of use, from this moment on
     * @description Needs the role admin.
     */
    delete: operations['revokeToken'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/audit': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Who did what, the newest first; written while authentication is on
     * @description Needs the role admin.
     */
    get: operations['listAudit'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    WrappedPlaybook: {
      content: string;
    };
    Registered: {
      /** @enum {string} */
      status: 'success';
      message: string;
      path: string;
      version: number;
      catalog_id: components['schemas']['Id'];
      kind: string;
      warnings: components['schemas']['Finding'][];
    };
    /** @description A 64-bit number as text: JavaScript numbers would lose digits. */
    Id: string;
    Finding: {
      code: string;
      message: string;
      hint: string;
      place: components['schemas']['Place'];
    };
    /** @description A place in a playbook; lines and columns count from 1. */
    Place: {
      path?: string;
      line?: number;
      column?: number;
    };
    Validation: {
      valid: boolean;
      faults: components['schemas']['Finding'][];
      warnings: components['schemas']['Finding'][];
      path?: string;
      workload?: {
        [key: string]: unknown;
      };
      graph?: components['schemas']['PlaybookGraph'];
    };
    PlaybookGraph: {
      entry_step: string;
      steps: {
        name: string;
        desc: string | null;
        kinds: string[];
        loop: boolean;
      }[];
      arcs: {
        from: string;
        to: string;
        conditional: boolean;
      }[];
    };
    CatalogPage: {
      entries: components['schemas']['CatalogHead'][];
      next: string | null;
    };
    CatalogHead: {
      catalog_id: components['schemas']['Id'];
      path: string;
      version: number;
      kind: string;
      /** Format: date-time */
      created_at: string;
    };
    CatalogEntry: {
      catalog_id: components['schemas']['Id'];
      path: string;
      version: number;
      kind: string;
      /** Format: date-time */
      created_at: string;
      content: string;
    };
    CatalogEntryWithVersions: {
      catalog_id: components['schemas']['Id'];
      path: string;
      version: number;
      kind: string;
      /** Format: date-time */
      created_at: string;
      content: string;
      versions: components['schemas']['CatalogHead'][];
    };
    Schedule: {
      schedule_id: components['schemas']['Id'];
      playbook_path: string;
      playbook_version: number | null;
      cron: string | null;
      interval_seconds: number | null;
      enabled: boolean;
      timezone: string;
      /** @enum {string} */
      missed_runs: 'skip' | 'once' | 'all';
      /** Format: date-time */
      next_run_at: string | null;
      /** Format: date-time */
      last_run_at: string | null;
      last_execution_id: components['schemas']['Id'] | null;
      last_status: string | null;
      input_payload: {
        [key: string]: unknown;
      };
      meta: unknown;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      updated_at: string;
    };
    Started: {
      execution_id: components['schemas']['Id'];
      /** @description `started`, or the status at the end when that was waited for. */
      status: string;
      path: string;
      version: number;
      catalog_id: components['schemas']['Id'];
      result?: unknown;
      error?: string | null;
      /** Format: date-time */
      start_time?: string;
      /** Format: date-time */
      end_time?: string | null;
    };
    ExecutionPage: {
      executions: components['schemas']['ExecutionHead'][];
      next: components['schemas']['Id'] | null;
    };
    ExecutionHead: {
      execution_id: components['schemas']['Id'];
      catalog_id: components['schemas']['Id'];
      parent_execution_id: components['schemas']['Id'] | null;
      path: string;
      version: number;
      status: components['schemas']['ExecutionStatus'];
      error: string | null;
      /** Format: date-time */
      start_time: string;
      /** Format: date-time */
      end_time: string | null;
      /** Format: date-time */
      started_at: string;
      /** Format: date-time */
      completed_at: string | null;
      cancel_requested: string | null;
      /** Format: date-time */
      paused_at: string | null;
      paused: boolean;
      /** @description 1, and one more for each redrive. */
      run: number;
    };
    /** @enum {string} */
    ExecutionStatus: 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
    Execution: {
      execution_id: components['schemas']['Id'];
      catalog_id: components['schemas']['Id'];
      parent_execution_id: components['schemas']['Id'] | null;
      path: string;
      version: number;
      status: components['schemas']['ExecutionStatus'];
      error: string | null;
      /** Format: date-time */
      start_time: string;
      /** Format: date-time */
      end_time: string | null;
      /** Format: date-time */
      started_at: string;
      /** Format: date-time */
      completed_at: string | null;
      cancel_requested: string | null;
      /** Format: date-time */
      paused_at: string | null;
      paused: boolean;
      /** @description 1, and one more for each redrive. */
      run: number;
      result: unknown;
      steps: components['schemas']['StepView'][];
      events: components['schemas']['HistoryEvent'][];
      pagination: {
        page: number;
        page_size: number;
        has_next: boolean;
        total_events?: number;
        total_pages?: number;
        has_prev?: boolean;
      };
    };
    StepView: {
      step: string;
      status: string;
      visits: number;
      error: string | null;
      result: unknown;
      /** @description Where the counters of its loop are. */
      loop?: string;
    };
    /** @description An event in the words of NoETL; an iteration stands for four. */
    HistoryEvent: {
      event_id: components['schemas']['Id'];
      execution_id: components['schemas']['Id'];
      event_type: string;
      node_name: string;
      status: string;
      /** Format: date-time */
      created_at: string;
      duration: number | null;
      error: string | null;
      meta:
        | ({
            /** @description What a step has printed. */
            stdout?: string;
          } & {
            [key: string]: unknown;
          })
        | null;
      loop_name: string | null;
      loop_id: components['schemas']['Id'] | null;
      current_index: number | null;
      worker_id: string | null;
      command_id: string | null;
      result?: unknown;
      node_id?: string;
      context?: {
        command_id: string;
      } | null;
    };
    ExecutionSummary: {
      execution_id: components['schemas']['Id'];
      catalog_id: components['schemas']['Id'];
      parent_execution_id: components['schemas']['Id'] | null;
      path: string;
      version: number;
      status: components['schemas']['ExecutionStatus'];
      error: string | null;
      /** Format: date-time */
      start_time: string;
      /** Format: date-time */
      end_time: string | null;
      /** Format: date-time */
      started_at: string;
      /** Format: date-time */
      completed_at: string | null;
      cancel_requested: string | null;
      /** Format: date-time */
      paused_at: string | null;
      paused: boolean;
      /** @description 1, and one more for each redrive. */
      run: number;
      last_event_id: components['schemas']['Id'];
      steps: components['schemas']['StepState'][];
      loops: components['schemas']['LoopCounters'][];
    };
    StepState: {
      step: string;
      status: string;
      visits: number;
      error: string | null;
      loop: boolean;
      result: null;
    };
    LoopCounters: {
      execution_id: components['schemas']['Id'];
      step: string;
      loop_id: components['schemas']['Id'];
      /** @description How often the step has been entered; a redrive is none of its own. */
      epoch: number;
      redrive_of: components['schemas']['Id'] | null;
      run: number;
      /** @enum {string} */
      status: 'RUNNING' | 'STOPPING' | 'COMPLETED' | 'FAILED' | 'ABORTED';
      paused: boolean;
      /** @enum {string} */
      mode: 'sequential' | 'parallel';
      pending: number;
      running: number;
      succeeded: number;
      failed: number;
      timed_out: number;
      aborted: number;
      total: number;
      results_written: number;
      failures_not_redrivable: number;
      pending_redrive: number;
      max_concurrency: number | null;
      items_per_second: number;
      /** @description Seconds until the end at the present rate. */
      eta: number | null;
      /** Format: date-time */
      start_date: string;
      /** Format: date-time */
      stop_date: string | null;
    };
    ExecutionGraph: {
      execution_id: components['schemas']['Id'];
      entry_step: string;
      steps: {
        name: string;
        desc: string | null;
        kinds: string[];
        loop: boolean;
      }[];
      arcs: {
        from: string;
        to: string;
        conditional: boolean;
      }[];
    };
    ExecutionState: {
      execution_id: components['schemas']['Id'];
      status: components['schemas']['ExecutionStatus'];
      current_step: string | null;
      completed_steps: string[];
      variables: {
        [key: string]: unknown;
      };
      completed: boolean;
      failed: boolean;
      is_cancelled: boolean;
      paused: boolean;
      error: string | null;
      progress: {
        total_steps: number;
        completed_steps: number;
        running_steps: number;
        failed_steps: number;
      };
    };
    EventPage: {
      execution_id: components['schemas']['Id'];
      events: components['schemas']['Event'][];
      next: components['schemas']['Id'] | null;
    };
    Event: {
      event_id: components['schemas']['Id'];
      execution_id: components['schemas']['Id'];
      event_type: string;
      node_name: string;
      status: string;
      /** Format: date-time */
      created_at: string;
      duration: number | null;
      error: string | null;
      meta:
        | ({
            /** @description What a step has printed. */
            stdout?: string;
          } & {
            [key: string]: unknown;
          })
        | null;
      loop_name: string | null;
      loop_id: components['schemas']['Id'] | null;
      current_index: number | null;
      worker_id: string | null;
      command_id: string | null;
      result?: unknown;
    };
    Pausing: {
      execution_id: components['schemas']['Id'];
      paused: boolean;
      changed: boolean;
      step?: string;
    };
    WebhookDelivery: {
      execution_id: components['schemas']['Id'];
      url: string;
      state: string;
      attempts: number;
      /** Format: date-time */
      next_try_at: string;
      last_error: string | null;
      /** Format: date-time */
      delivered_at: string | null;
    };
    LoopMap: {
      execution_id: components['schemas']['Id'];
      step: string;
      loop_id: components['schemas']['Id'];
      total: number;
      done: number[];
      failed: number[];
      /** @description Index ranges `[from, to)` that workers hold. */
      running: [number, number][];
      throughput: number[];
      slot_ms: number;
    };
    LoopItemPage: {
      execution_id: components['schemas']['Id'];
      step: string;
      loop_id: components['schemas']['Id'];
      items: components['schemas']['LoopItem'][];
      next: number | null;
    };
    LoopItem: {
      current_index: number;
      status: string;
      /** @description With `preview`, the beginning of its JSON text. */
      result: unknown;
      error: string | null;
      current_item: string | null;
      duration: number | null;
      worker_id: string | null;
    };
    RedriveRequest: {
      step: string;
      /** @enum {unknown} */
      state?: 'failed' | 'not_started' | 'incomplete';
      indexes?: number[] | string;
      error_class?: string;
      message_class?: string;
      loop_id?: string;
      dry_run?: boolean;
    };
    RedrivePreview: {
      execution_id: components['schemas']['Id'];
      step: string;
      loop_id: components['schemas']['Id'];
      dry_run: boolean;
      items: number;
      sample: {
        index: number;
        status: string | null;
        error: string | null;
      }[];
    };
    Redriven: {
      execution_id: components['schemas']['Id'];
      step: string;
      redrive_of: components['schemas']['Id'];
      run: number;
      loop_id: components['schemas']['Id'];
      items: number;
    };
    DeadLetters: {
      step: string;
      code: string | null;
      kind: string | null;
      message_class: string;
      count: number;
      sample: {
        index: number;
        item: string | null;
        error: {
          [key: string]: unknown;
        } | null;
      };
      /** @description The body that runs its items again. */
      redrive: {
        step: string;
        loop_id: components['schemas']['Id'];
        message_class: string;
        error_class?: string;
      };
    };
    BulkPreview: {
      /** @constant */
      dry_run: true;
      count: number;
      /** @description There are more than are counted. */
      more: boolean;
      sample: {
        execution_id: components['schemas']['Id'];
        path: string;
        status: components['schemas']['ExecutionStatus'];
        /** Format: date-time */
        start_time: string;
      }[];
    };
    BulkDone: {
      /** @constant */
      dry_run: false;
      /** @description Executions that this call has tried. */
      count: number;
      changed: components['schemas']['Id'][];
      refused: {
        execution_id: components['schemas']['Id'];
        code: string;
        detail: string;
      }[];
      /** @description `after` of the next call; null when there is nothing more. */
      next: components['schemas']['Id'] | null;
    };
    KeptValue: {
      ref: string;
      store: string;
      scope: string;
      /** Format: date-time */
      expires_at: string | null;
      bytes: number;
      sha256: string;
    };
    Variable: {
      value: unknown;
      /** @enum {string} */
      type: 'user_defined' | 'step_result';
      source_step: string | null;
      /** Format: date-time */
      created_at: string;
      accessed_at: null;
      access_count: number;
    };
    /** @description Its data is never shown. */
    Credential: {
      id: components['schemas']['Id'];
      name: string;
      type: string;
      meta: unknown;
      tags: string[];
      description: string | null;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      updated_at: string;
    };
    Limit: {
      key: string;
      max_concurrent: number | null;
      rate: number | null;
      burst: number | null;
      running: number;
      waiting: number;
      /** Format: date-time */
      paused_until: string | null;
    };
    Platform: {
      /** @enum {string} */
      status: 'ok' | 'degraded';
      services: {
        postgres: boolean;
        nats: boolean;
      };
      processes: components['schemas']['Process'][];
      executions: {
        [key: string]: number;
      };
      commands: {
        pending: number;
        leased: number;
        waiting: number;
      };
      loops: number;
    };
    Process: {
      name: string;
      /** @enum {string} */
      kind: 'worker_pool' | 'server_api' | 'aggregator';
      status: string;
      capacity: number;
      labels: {
        [key: string]: unknown;
      };
      /** Format: date-time */
      heartbeat: string;
      /** Format: date-time */
      created_at: string;
      in_flight: number;
      alive: boolean;
    };
    Caller: {
      name: string;
      /** @enum {string} */
      via: 'local' | 'admin_token' | 'token' | 'oidc';
      token_id: string | null;
      grants: components['schemas']['Grant'][];
      /**
       * @description `off`: nobody has to sign in.
       * @enum {string}
       */
      auth: 'on' | 'off';
    };
    Grant: {
      /** @enum {string} */
      role: 'viewer' | 'operator' | 'author' | 'admin';
      /** @description Catalog paths below it; empty for all, and for the installation itself. */
      prefix: string;
    };
    Token: {
      token_id: string;
      name: string;
      grants: components['schemas']['Grant'][];
      created_by: string;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      expires_at: string | null;
      /** Format: date-time */
      revoked_at: string | null;
      /**
       * Format: date-time
       * @description Exact to a minute.
       */
      last_used_at: string | null;
    };
    NewToken: {
      /** @description Shown this once; only a hash of it is kept. */
      token: string;
      token_id: string;
      name: string;
      grants: components['schemas']['Grant'][];
      created_by: string;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      expires_at: string | null;
      /** Format: date-time */
      revoked_at: string | null;
      /**
       * Format: date-time
       * @description Exact to a minute.
       */
      last_used_at: string | null;
    };
    AuditEntry: {
      audit_id: components['schemas']['Id'];
      /** Format: date-time */
      time: string;
      who: string;
      via: string;
      token_id: string | null;
      action: string;
      object: string | null;
      request_id: string;
      before_hash: string | null;
      after_hash: string | null;
      /** @enum {string} */
      outcome: 'done' | 'refused' | 'failed' | 'aborted';
      /** @description Of HTTP; 0 when the caller did not wait. */
      status: number;
    };
    /** @description Problem details (RFC 9457). */
    Problem: {
      type: string;
      title: string;
      status: number;
      /** @enum {string} */
      code:
        | 'YAML_SYNTAX'
        | 'YAML_LIMIT'
        | 'YAML_NEWLINES_LOST'
        | 'PLAYBOOK_INVALID'
        | 'PLAYBOOK_KIND'
        | 'TOOL_REQUIRED'
        | 'TOOL_KIND_UNKNOWN'
        | 'STEP_DUPLICATE'
        | 'STEP_UNKNOWN'
        | 'NEXT_FORM'
        | 'KEY_FORBIDDEN'
        | 'TEMPLATE_SYNTAX'
        | 'TEMPLATE_ERROR'
        | 'TEMPLATE_BUDGET'
        | 'VALUE_TOO_LARGE'
        | 'CTX_TOO_LARGE'
        | 'LOOP_NOT_ITERABLE'
        | 'LOOP_TOO_LARGE'
        | 'LOOP_FAILED'
        | 'TOOL_FAILED'
        | 'TOOL_UNAVAILABLE'
        | 'TOOL_FORBIDDEN'
        | 'TOOL_CONFIG'
        | 'TOOL_TIMEOUT'
        | 'RUNNER_CRASHED'
        | 'CODE_EXCEPTION'
        | 'CODE_SYNTAX'
        | 'RESULT_NOT_STORABLE'
        | 'RESULT_TOO_LARGE'
        | 'SQL_UNSAFE'
        | 'SQL_FAILED'
        | 'HTTP_STATUS'
        | 'HTTP_REFUSED'
        | 'HTTP_FAILED'
        | 'CHILD_FAILED'
        | 'CREDENTIAL_UNKNOWN'
        | 'CREDENTIAL_NOT_GRANTED'
        | 'CREDENTIAL_INVALID'
        | 'ENCRYPTION_KEY_MISSING'
        | 'SEALED_DATA_INVALID'
        | 'KEYCHAIN_UNKNOWN'
        | 'KEYCHAIN_NOT_FOUND'
        | 'VALUE_MISSING'
        | 'SQL_REFUSED'
        | 'SQL_ENDPOINT_OFF'
        | 'VAR_UNKNOWN'
        | 'EXECUTION_ENDED'
        | 'RESULT_UNKNOWN'
        | 'CREDENTIAL_NOT_FOUND'
        | 'WEBHOOK_UNKNOWN'
        | 'SCHEDULE_UNKNOWN'
        | 'SCHEDULE_INVALID'
        | 'LIMIT_UNKNOWN'
        | 'BODY_TOO_LARGE'
        | 'BODY_INVALID'
        | 'MEDIA_TYPE'
        | 'PATH_UNKNOWN'
        | 'VERSION_UNKNOWN'
        | 'EXECUTION_UNKNOWN'
        | 'LOOP_UNKNOWN'
        | 'EXECUTION_RUNNING'
        | 'LOOP_RUNNING'
        | 'REDRIVE_SELECTOR_EMPTY'
        | 'BULK_FILTER_EMPTY'
        | 'REDRIVE_NOTHING'
        | 'REDRIVE_CONFLICT'
        | 'REDRIVE_UNSUPPORTED'
        | 'HOST_REFUSED'
        | 'AUTH_REQUIRED'
        | 'TOKEN_INVALID'
        | 'ACCESS_DENIED'
        | 'TOKEN_UNKNOWN'
        | 'GRANT_INVALID'
        | 'METHOD_WRONG'
        | 'ROUTE_UNKNOWN'
        | 'IDEMPOTENCY_CONFLICT'
        | 'SERVICE_UNAVAILABLE'
        | 'OVERLOADED'
        | 'STEP_FAILED'
        | 'STEP_ENDLESS'
        | 'WORKER_DIED'
        | 'STEP_TIMEOUT'
        | 'EXECUTION_TIMEOUT'
        | 'EXECUTION_CANCELLED'
        | 'ISOLATION_UNAVAILABLE'
        | 'CONFIG_INVALID'
        | 'INTERNAL';
      detail: string;
      /** @description What to do next. */
      hint: string;
      instance: string;
      /** @description Also in the log of the server. */
      request_id: string;
      place?: components['schemas']['Place'];
      details?: {
        [key: string]: unknown;
      };
      faults?: components['schemas']['Finding'][];
    };
  };
  responses: {
    /** @description What is wrong, and what to do next. */
    Problem: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description There is no token, or it is not valid (any more). */
    Unauthenticated: {
      headers: {
        'WWW-Authenticate'?: string;
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description The token does not allow this. */
    Forbidden: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
  };
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  registerPlaybook: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/yaml': string;
        'application/x-yaml': string;
        'text/yaml': string;
        'text/x-yaml': string;
        'application/json': components['schemas']['WrappedPlaybook'] | Record<string, unknown>;
        'text/plain': string;
        'application/x-www-form-urlencoded': string;
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Registered'];
        };
      };
      /** @description Created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Registered'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  validatePlaybook: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/yaml': string;
        'application/x-yaml': string;
        'text/yaml': string;
        'text/x-yaml': string;
        'application/json': components['schemas']['WrappedPlaybook'] | Record<string, unknown>;
        'text/plain': string;
        'application/x-www-form-urlencoded': string;
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Validation'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listCatalog: {
    parameters: {
      query?: {
        /** @description only documents of this kind, such as Playbook */
        kind?: string;
        /** @description the last path of the page before */
        after?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CatalogPage'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listCatalogByBody: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          resource_type?: string | null;
          after?: string | null;
          limit?: number;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CatalogPage'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getCatalogEntry: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          catalog_id?: string | number;
          path?: string;
          version?: number | 'latest';
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CatalogEntry'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getLatest: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Slashes stand in it as they are, or encoded. */
        path: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CatalogEntryWithVersions'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listSchedules: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            schedules: components['schemas']['Schedule'][];
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  createSchedule: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          playbook_path?: string;
          path?: string;
          playbook_version?: number | null;
          version?: number | null;
          cron?: string | null;
          interval_seconds?: number | null;
          enabled?: boolean;
          timezone?: string;
          /** @enum {unknown} */
          missed_runs?: 'skip' | 'once' | 'all';
          input_payload?: Record<string, unknown> | null;
          payload?: Record<string, unknown> | null;
          meta?: unknown;
        };
      };
    };
    responses: {
      /** @description Created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Schedule'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getSchedule: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Schedule'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  deleteSchedule: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'deleted';
            schedule_id: components['schemas']['Id'];
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  changeSchedule: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          playbook_path?: string;
          path?: string;
          playbook_version?: number | null;
          version?: number | null;
          cron?: string | null;
          interval_seconds?: number | null;
          enabled?: boolean;
          timezone?: string;
          /** @enum {unknown} */
          missed_runs?: 'skip' | 'once' | 'all';
          input_payload?: Record<string, unknown> | null;
          payload?: Record<string, unknown> | null;
          meta?: unknown;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Schedule'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  runSchedule: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            status: string;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  execute: {
    parameters: {
      query?: {
        /** @description seconds to wait for the end */
        wait?: number;
      };
      header?: {
        /** @description The same request again gives the same execution. */
        'Idempotency-Key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          path?: string;
          catalog_id?: string | number;
          version?: number | 'latest';
          parent_execution_id?: string | null;
          payload?: Record<string, unknown> | null;
          workload?: Record<string, unknown> | null;
          args?: Record<string, unknown> | null;
          input?: Record<string, unknown> | null;
          parameters?: Record<string, unknown> | null;
          timeout?: number | null;
          webhook?: string | Record<string, unknown> | null;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Started'];
        };
      };
      /** @description Created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Started'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  runPlaybook: {
    parameters: {
      query?: {
        /** @description seconds to wait for the end */
        wait?: number;
      };
      header?: {
        /** @description The same request again gives the same execution. */
        'Idempotency-Key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          path?: string;
          catalog_id?: string | number;
          version?: number | 'latest';
          parent_execution_id?: string | null;
          payload?: Record<string, unknown> | null;
          workload?: Record<string, unknown> | null;
          args?: Record<string, unknown> | null;
          input?: Record<string, unknown> | null;
          parameters?: Record<string, unknown> | null;
          timeout?: number | null;
          webhook?: string | Record<string, unknown> | null;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Started'];
        };
      };
      /** @description Created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Started'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listExecutions: {
    parameters: {
      query?: {
        status?: 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
        /** @description of this playbook */
        path?: string;
        catalog_id?: string;
        limit?: number;
        offset?: number;
        /** @description `next` of the page before */
        after?: string;
        /** @description started at or after this time */
        since?: string;
        /** @description started before this time */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ExecutionPage'];
          'text/event-stream': string;
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getExecution: {
    parameters: {
      query?: {
        page?: number;
        /** @description events of a page */
        page_size?: number;
        /** @description only events after this one */
        since_event_id?: string;
      };
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Execution'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getSummary: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ExecutionSummary'];
          'text/event-stream': string;
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getGraph: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ExecutionGraph'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getExecutionState: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ExecutionState'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  checkCancellation: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            status: components['schemas']['ExecutionStatus'];
            event_type: string | null;
            is_cancelled: boolean;
            cancelled: boolean;
            completed: boolean;
            failed: boolean;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listEvents: {
    parameters: {
      query?: {
        /** @description events with higher ids only */
        after?: string;
        /** @description events with lower ids only */
        before?: string;
        limit?: number;
        /** @description event types, with commas between them */
        types?: string;
        order?: 'ASC' | 'DESC';
        /** @description with the rows of loop iterations */
        iterations?: boolean;
        /** @description without what came out when false */
        results?: boolean;
      };
      header?: {
        /** @description Where a stream goes on. */
        'Last-Event-ID'?: string;
      };
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['EventPage'];
          'text/event-stream': string;
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  cancelExecution: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          reason?: string | null;
          cascade?: boolean;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'cancelled' | 'already_completed';
            execution_id: components['schemas']['Id'];
            cancelled_executions: components['schemas']['Id'][];
            message: string;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  pauseExecution: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Pausing'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  resumeExecution: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Pausing'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  finalizeExecution: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          reason?: string | null;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'finalized' | 'already_completed';
            execution_id: components['schemas']['Id'];
            execution_status: components['schemas']['ExecutionStatus'];
            message: string;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  rerunExecution: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          payload?: Record<string, unknown> | null;
          workload?: Record<string, unknown> | null;
        };
      };
    };
    responses: {
      /** @description Created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            /** @enum {string} */
            status: 'started';
            path: string;
            version: number;
            catalog_id: components['schemas']['Id'];
            rerun_of: components['schemas']['Id'];
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  cleanUpExecutions: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          older_than_minutes?: number;
          dry_run?: boolean;
          reason?: string | null;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'ok';
            dry_run: boolean;
            count: number;
            execution_ids: components['schemas']['Id'][];
            cancelled_count: number;
            /** @description There are more than one call ends. */
            more: boolean;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getWebhook: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WebhookDelivery'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  redeliverWebhook: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Begun. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            /** @enum {string} */
            status: 'pending';
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listLoops: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            loops: components['schemas']['LoopCounters'][];
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getLoop: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
        /** @description A loop step. */
        step: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['LoopCounters'];
          'text/event-stream': string;
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getLoopMap: {
    parameters: {
      query?: {
        buckets?: number;
      };
      header?: never;
      path: {
        id: components['schemas']['Id'];
        /** @description A loop step. */
        step: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['LoopMap'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listItems: {
    parameters: {
      query?: {
        /** @description only these: 3,7,10-20 */
        indexes?: string;
        state?: 'COMPLETED' | 'SUCCEEDED' | 'FAILED';
        /** @description items of higher indexes only */
        after?: number;
        limit?: number;
        /** @description characters of each item and of the JSON of each result */
        preview?: number;
      };
      header?: never;
      path: {
        id: components['schemas']['Id'];
        /** @description A loop step. */
        step: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['LoopItemPage'];
          'application/x-ndjson': components['schemas']['LoopItem'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  pauseLoop: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
        /** @description A loop step. */
        step: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Pausing'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  resumeLoop: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
        /** @description A loop step. */
        step: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Pausing'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  redrive: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RedriveRequest'];
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['RedrivePreview'];
        };
      };
      /** @description Begun. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Redriven'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listDeadLetters: {
    parameters: {
      query?: {
        /** @description only of this loop */
        step?: string;
      };
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            groups: components['schemas']['DeadLetters'][];
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listLoopResults: {
    parameters: {
      query: {
        /** @description the loop step */
        step_name: string;
        execution_id: string;
        limit?: number;
        /** @description results of higher indexes only */
        after?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'ok';
            method: string;
            results: unknown[];
            count: number;
            last_index: number;
            total: number;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  bulkCancel: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          /** @description PENDING, RUNNING, COMPLETED, FAILED, CANCELLED */
          status?: string;
          path?: string;
          catalog_id?: string;
          /** @description Started at or after this time. */
          since?: string;
          /** @description Started before this time. */
          until?: string;
          /** @default 100 */
          limit?: number;
          /** @description `next` of the call before. */
          after?: string;
          /** @description Only say how many, and show some. */
          dry_run?: boolean;
          reason?: string;
          cascade?: boolean;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['BulkPreview'] | components['schemas']['BulkDone'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  bulkPause: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          /** @description PENDING, RUNNING, COMPLETED, FAILED, CANCELLED */
          status?: string;
          path?: string;
          catalog_id?: string;
          /** @description Started at or after this time. */
          since?: string;
          /** @description Started before this time. */
          until?: string;
          /** @default 100 */
          limit?: number;
          /** @description `next` of the call before. */
          after?: string;
          /** @description Only say how many, and show some. */
          dry_run?: boolean;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['BulkPreview'] | components['schemas']['BulkDone'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  bulkResume: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          /** @description PENDING, RUNNING, COMPLETED, FAILED, CANCELLED */
          status?: string;
          path?: string;
          catalog_id?: string;
          /** @description Started at or after this time. */
          since?: string;
          /** @description Started before this time. */
          until?: string;
          /** @default 100 */
          limit?: number;
          /** @description `next` of the call before. */
          after?: string;
          /** @description Only say how many, and show some. */
          dry_run?: boolean;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['BulkPreview'] | components['schemas']['BulkDone'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  bulkRedrive: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          /** @description PENDING, RUNNING, COMPLETED, FAILED, CANCELLED */
          status?: string;
          path?: string;
          catalog_id?: string;
          /** @description Started at or after this time. */
          since?: string;
          /** @description Started before this time. */
          until?: string;
          /** @default 100 */
          limit?: number;
          /** @description `next` of the call before. */
          after?: string;
          /** @description Only say how many, and show some. */
          dry_run?: boolean;
          step: string;
          /** @enum {unknown} */
          state?: 'failed' | 'not_started' | 'incomplete';
          indexes?: number[] | string;
          error_class?: string;
          message_class?: string;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['BulkPreview'] | components['schemas']['BulkDone'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getResult: {
    parameters: {
      query?: {
        /** @description references filled in */
        resolve?: boolean;
      };
      header?: never;
      path: {
        execution_id: components['schemas']['Id'];
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            step: string;
            data: unknown;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  dropKept: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        execution_id: components['schemas']['Id'];
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'deleted';
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  keepValue: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        execution_id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          name?: string;
          data: unknown;
          /** @enum {unknown} */
          scope?: 'step' | 'execution' | 'workflow' | 'permanent';
          store?: string;
          ttl?: number;
          source_step?: string;
        };
      };
    };
    responses: {
      /** @description Created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['KeptValue'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  resolveReference: {
    parameters: {
      query: {
        /** @description noetl://<execution>/<kind>/<id> */
        ref: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            ref: string;
            data: unknown;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listKept: {
    parameters: {
      query?: {
        limit?: number;
      };
      header?: never;
      path: {
        execution_id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            results: {
              ref: string;
              name: string | null;
              step: string | null;
              scope: string | null;
              store: string | null;
              bytes: number;
              /** Format: date-time */
              created_at: string;
              /** Format: date-time */
              expires_at: string | null;
            }[];
            count: number;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getResultTemp: {
    parameters: {
      query?: {
        /** @description references filled in */
        resolve?: boolean;
      };
      header?: never;
      path: {
        execution_id: components['schemas']['Id'];
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            step: string;
            data: unknown;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  dropKeptTemp: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        execution_id: components['schemas']['Id'];
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'deleted';
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  keepValueTemp: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        execution_id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          name?: string;
          data: unknown;
          /** @enum {unknown} */
          scope?: 'step' | 'execution' | 'workflow' | 'permanent';
          store?: string;
          ttl?: number;
          source_step?: string;
        };
      };
    };
    responses: {
      /** @description Created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['KeptValue'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  resolveReferenceTemp: {
    parameters: {
      query: {
        /** @description noetl://<execution>/<kind>/<id> */
        ref: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            ref: string;
            data: unknown;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listKeptTemp: {
    parameters: {
      query?: {
        limit?: number;
      };
      header?: never;
      path: {
        execution_id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            results: {
              ref: string;
              name: string | null;
              step: string | null;
              scope: string | null;
              store: string | null;
              bytes: number;
              /** Format: date-time */
              created_at: string;
              /** Format: date-time */
              expires_at: string | null;
            }[];
            count: number;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listVariables: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            variables: {
              [key: string]: components['schemas']['Variable'];
            };
            count: number;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  setVariables: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          variables: Record<string, unknown>;
          source_step?: string | null;
          var_type?: string;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            variables_set: string[];
            count: number;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  deleteVariables: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            variables_deleted: string[];
            count: number;
            /** @enum {string} */
            status: 'deleted';
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getVariable: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            name: string;
            value: unknown;
            /** @enum {string} */
            type: 'user_defined' | 'step_result';
            source_step: string | null;
            /** Format: date-time */
            created_at: string;
            accessed_at: null;
            access_count: number;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  deleteVariable: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            execution_id: components['schemas']['Id'];
            name: string;
            /** @enum {string} */
            status: 'deleted';
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  renderTemplate: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          execution_id: string;
          template: unknown;
          extra_context?: Record<string, unknown> | null;
          strict?: boolean;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'ok';
            rendered: unknown;
            context_keys: string[];
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  executeSql: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          query?: string;
          query_base64?: string;
          procedure?: string | null;
          parameters?: unknown[] | null;
          schema?: string | null;
          database?: string | null;
          credential?: string | null;
          connection_string?: string | null;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'ok' | 'error';
            result: unknown;
            error: string | null;
            truncated?: boolean;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listCredentials: {
    parameters: {
      query?: {
        type?: string;
        /** @description part of the name */
        q?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Credential'][];
            filter: {
              type?: string;
              query?: string;
            };
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  saveCredential: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          name: string;
          type: string;
          data: Record<string, unknown>;
          meta?: unknown;
          tags?: string[] | null;
          description?: string | null;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Credential'];
        };
      };
      /** @description Created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Credential'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getCredential: {
    parameters: {
      query?: {
        /** @description refused when true: data is never shown */
        include_data?: boolean;
      };
      header?: never;
      path: {
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Credential'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  deleteCredential: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'deleted';
            name: string;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getKeychain: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        catalog_id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            catalog_id: components['schemas']['Id'];
            entries: {
              name: string;
              kind: string;
              /** @enum {string} */
              status: 'declared';
              scope?: unknown;
              credential?: unknown;
              ref?: unknown;
              provider?: unknown;
              auto_renew?: unknown;
            }[];
            count: number;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getKeychainEntry: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        catalog_id: components['schemas']['Id'];
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            catalog_id: components['schemas']['Id'];
            name: string;
            kind: string;
            /** @enum {string} */
            status: 'declared';
            scope?: unknown;
            credential?: unknown;
            ref?: unknown;
            provider?: unknown;
            auto_renew?: unknown;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listLimits: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            limits: components['schemas']['Limit'][];
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getLimit: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        key: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Limit'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  setLimit: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        key: string;
      };
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': {
          max_concurrent?: number | null;
          rate?: number | null;
          burst?: number | null;
        };
      };
    };
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Limit'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  deleteLimit: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        key: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'deleted';
            key: string;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getHealth: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'ok';
          };
        };
      };
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getHealthAtRoot: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'ok';
          };
        };
      };
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getReadiness: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'ok' | 'unavailable';
            services: {
              postgres: boolean;
              nats: boolean;
            };
          };
        };
      };
      /** @description It cannot work now. */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'ok' | 'unavailable';
            services: {
              postgres: boolean;
              nats: boolean;
            };
          };
        };
      };
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getPlatform: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Platform'];
          'text/event-stream': string;
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getDashboard: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Platform'];
          'text/event-stream': string;
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listWorkers: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Process'][];
            count: number;
            alive: number;
            slots: number;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getPoolStatus: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Process'][];
            count: number;
            alive: number;
            slots: number;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getMetrics: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'text/plain': string;
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getMetricsAtRoot: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'text/plain': string;
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getOpenApi: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            [key: string]: unknown;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getDocs: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'text/html': string;
        };
      };
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  getCaller: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Caller'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listTokens: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            tokens: components['schemas']['Token'][];
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  createToken: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          /** @description Whose it is, for the audit log. */
          name: string;
          grants: {
            /** @enum {unknown} */
            role: 'viewer' | 'operator' | 'author' | 'admin';
            /** @description Catalog paths below it; empty or absent for all. */
            prefix?: string;
          }[];
          /**
           * @description Never when null.
           * @default 90
           */
          expires_in_days?: number | null;
        };
      };
    };
    responses: {
      /** @description Created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['NewToken'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  revokeToken: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: components['schemas']['Id'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Token'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
  listAudit: {
    parameters: {
      query?: {
        /** @description name of the caller */
        who?: string;
        /** @description such as execution.start */
        action?: string;
        /** @description such as token 0123456789abcdef */
        object?: string;
        outcome?: 'DONE' | 'REFUSED' | 'FAILED' | 'ABORTED';
        /** @description at or after this time */
        since?: string;
        /** @description before this time */
        until?: string;
        /** @description `next` of the page before */
        after?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Done. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            entries: components['schemas']['AuditEntry'][];
            next: components['schemas']['Id'] | null;
          };
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      '4XX': components['responses']['Problem'];
      '5XX': components['responses']['Problem'];
    };
  };
}
