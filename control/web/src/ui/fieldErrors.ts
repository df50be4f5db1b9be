import { messageOf, Problem } from '#/api/problem';

interface FormErrors {
  setErrors: (errors: Record<string, string>) => void;
}

/** The form’s field for one that the server names, or null. */
type FieldOf = (named: string) => string | null;

/**
 * Shows what the server refused at the fields it names. Returns what belongs to no field of the form, as one sentence,
 * or null. `fields` are the form’s, or a function that finds them where they have other names. `owner` is the field of
 * a conflict that names none, such as the slug of a short link that exists already.
 */
export function applyProblem(
  form: FormErrors,
  error: unknown,
  fields: readonly string[] | FieldOf,
  owner?: string,
): string | null {
  if (!(error instanceof Problem)) return messageOf(error);
  const fieldOf: FieldOf = typeof fields === 'function' ? fields : (named) => (fields.includes(named) ? named : null);
  const placed = error.errors.map(({ field, message }) => ({ field: fieldOf(field), named: field, message }));
  const atFields = placed.flatMap(({ field, message }) => (field === null ? [] : [[field, message] as const]));
  if (atFields.length === 0 && error.status === 409 && owner !== undefined) atFields.push([owner, error.message]);
  form.setErrors(Object.fromEntries(atFields));
  const others = placed.filter(({ field }) => field === null);
  if (others.length > 0) return others.map(({ named, message }) => `${named}: ${message}`).join(' ');
  return atFields.length > 0 ? null : error.message;
}
