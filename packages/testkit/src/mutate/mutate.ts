/** Loaded into every process of the product (`node --import`) that a test has broken on purpose. */
import { register } from 'node:module';

register('./hooks.js', import.meta.url);
