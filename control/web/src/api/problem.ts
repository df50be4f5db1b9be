export interface FieldError {
  field: string;
  message: string;
}

interface ProblemBody {
  type?: string;
  title?: string;
  detail?: string;
  errors?: FieldError[];
}

/** What the server refused and why (RFC 9457 problem+json), or that it could not be reached (`status` 0). */
export class Problem extends Error {
  readonly status: number;
  /** The last part of the problem's type: `slug-taken`, `token-expired`, … */
  readonly slug: string;
  readonly title: string;
  readonly errors: FieldError[];

  constructor(status: number, body: ProblemBody) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.name = 'Problem';
    this.status = status;
    this.slug = body.type?.split('/').pop() ?? '';
    this.title = body.title ?? '';
    this.errors = body.errors ?? [];
  }
}

export async function problemOf(response: Response): Promise<Problem> {
  const isProblem = response.headers.get('content-type')?.includes('json') ?? false;
  const body: unknown = isProblem ? await response.json().catch(() => ({})) : {};
  return new Problem(response.status, body as ProblemBody);
}

export function unreachable(): Problem {
  return new Problem(0, {
    title: 'Clicktrail can’t be reached',
    detail: 'The server did not answer. Check your connection and that Clicktrail is running, then try again.',
  });
}

/** One sentence for a person, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'Something went wrong.';
}
