import { Badge, Tooltip } from '@mantine/core';
import type { Conversion, Explanation } from '#/api/types';

type Badged = Pick<Conversion | Explanation, 'status' | 'counted' | 'provisional'>;

interface BadgeWords {
  label: string;
  help: string;
  isShown: (conversion: Badged) => boolean;
}

const BADGES: BadgeWords[] = [
  {
    label: 'Not matched',
    help: 'No touch is known for it yet. It is joined to its click as soon as that arrives.',
    isShown: (conversion) => conversion.status === 'unmatched',
  },
  {
    label: 'Not counted',
    help: 'Its event counts once, and another conversion counts already.',
    isShown: (conversion) => !conversion.counted,
  },
  {
    label: 'Provisional',
    help: 'An edge may still send clicks from before it; the credits can change within minutes.',
    isShown: (conversion) => conversion.provisional,
  },
];

/** What sets a conversion apart from an ordinary one. */
export function ConversionBadges({ conversion }: { conversion: Badged }) {
  return BADGES.filter((badge) => badge.isShown(conversion)).map((badge) => (
    <Tooltip key={badge.label} label={badge.help} multiline maw={280}>
      <Badge size="sm" variant="default" style={{ flex: 'none' }}>
        {badge.label}
      </Badge>
    </Tooltip>
  ));
}
