/**
 * Makes batches of apache-arrow in linear time. It brings every batch that it constructs to its schema by looking each
 * field up among all others, which for 5,000 columns takes longer than reading them. Import it for its effect.
 */
import { type Field, Schema } from 'apache-arrow';

const assign = Schema.prototype.assign as (this: Schema, ...args: readonly unknown[]) => Schema;

function assignUnlessSame(this: Schema, ...args: readonly unknown[]): Schema {
  const [fields] = args;
  const isSame =
    Array.isArray(fields) &&
    fields.length === this.fields.length &&
    (fields as Field[]).every((field, i) => field === this.fields[i]);
  return isSame ? this : assign.apply(this, args as unknown[]);
}

Schema.prototype.assign = assignUnlessSame as typeof Schema.prototype.assign;
