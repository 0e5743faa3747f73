/** Loaded into every process of the product (`node --import`) when a chaos run mutates it. */
import { register } from 'node:module';

register('./mutate-hooks.js', import.meta.url);
