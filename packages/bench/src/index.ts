/** Measurements of this product on one machine; for development only. */
export {
  repeated,
  row,
  type Row,
  type RunOptions,
  type Scenario,
  type Series,
  type Unit,
} from './scenario.ts';
