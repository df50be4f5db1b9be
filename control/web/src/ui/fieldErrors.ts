import { messageOf, Problem } from '#/api/problem';

interface FormErrors {
  setErrors: (errors: Record<string, string>) => void;
}

/**
 * Shows what the server refused at the fields it names. Returns what belongs to no field of the form, as one sentence,
 * or null. `owner` is the field of a conflict that names none, such as the slug of a short link that exists already.
 */
export function applyProblem(
  form: FormErrors,
  error: unknown,
  fields: readonly string[],
  owner?: string,
): string | null {
  if (!(error instanceof Problem)) return messageOf(error);
  const known = error.errors.filter((entry) => fields.includes(entry.field));
  const isOwners = known.length === 0 && error.status === 409 && owner !== undefined;
  const atFields = isOwners
    ? [[owner, error.message] as const]
    : known.map((entry) => [entry.field, entry.message] as const);
  form.setErrors(Object.fromEntries(atFields));
  const others = error.errors.filter((entry) => !fields.includes(entry.field));
  if (others.length > 0) return others.map((entry) => `${entry.field}: ${entry.message}`).join(' ');
  return atFields.length > 0 ? null : error.message;
}
