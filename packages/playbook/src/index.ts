/** The playbook language: YAML to checked document, templates, normal form of both generations. */
export * from './document.ts';
