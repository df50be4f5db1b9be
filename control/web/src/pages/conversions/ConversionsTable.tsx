import { Group, Table, Text } from '@mantine/core';
import type { Conversion, Model } from '#/api/types';
import { formatMoney } from '#/lib/money';
import { plural } from '#/lib/numbers';
import { shortName } from '#/lib/urls';
import { channelLabel, MODELS } from '#/lib/words';
import { Moment } from '#/ui/Moment';
import { Rows } from '#/ui/Rows';
import { TextLink } from '#/ui/TextLink';
import { ConversionBadges } from './ConversionBadges';
import classes from './ConversionsTable.module.css';

interface ConversionsTableProps {
  conversions: Conversion[];
  /** Undefined: each event's usual one. */
  model: Model | undefined;
}

export function ConversionsTable({ conversions, model }: ConversionsTableProps) {
  const columns = [
    { label: 'Conversion' },
    { label: 'When' },
    { label: 'Value', isNumber: true },
    { label: 'Touches', isNumber: true },
    { label: model ? `Most credit (${MODELS[model].label.toLowerCase()})` : 'Most credit' },
  ];
  return (
    <Rows label="Conversions" columns={columns}>
      {conversions.map((conversion) => (
        <Table.Tr key={conversion.id}>
          <Table.Td className={classes.name ?? ''}>
            <Group gap={8} wrap="nowrap">
              <TextLink
                to="/conversions/$conversionId"
                params={{ conversionId: conversion.id }}
                search={{ model }}
                fw={550}
                className="nowrap"
              >
                {conversion.title}
              </TextLink>
              <ConversionBadges conversion={conversion} />
            </Group>
            <Text span size="xs" c="dimmed" className="truncate mono" title={conversion.order_id || conversion.id}>
              {conversion.order_id || conversion.id}
            </Text>
          </Table.Td>
          <Table.Td>
            <Moment at={conversion.occurred_at} />
          </Table.Td>
          <Table.Td className="number">
            <Amount conversion={conversion} />
          </Table.Td>
          <Table.Td className="number">{conversion.touches}</Table.Td>
          <Table.Td className={classes.credit ?? ''}>
            <CreditedTo conversion={conversion} />
          </Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

function Amount({ conversion }: { conversion: Conversion }) {
  if (conversion.amount === null || !conversion.currency) return '–';
  return (
    <>
      {formatMoney(conversion.amount, conversion.currency)}
      {conversion.refunded > 0 && (
        <Text span display="block" size="xs" c="dimmed">
          −{formatMoney(conversion.refunded, conversion.currency)} refunded
        </Text>
      )}
    </>
  );
}

function CreditedTo({ conversion: { credited_to: credited, touches } }: { conversion: Conversion }) {
  if (!credited) {
    return (
      <Text span size="sm" c="dimmed">
        {touches > 0 ? plural(touches, 'touch', 'touches') : 'Unattributed'}
      </Text>
    );
  }
  const detail = [credited.campaign, credited.short_url && shortName(credited.short_url)].filter(Boolean).join(' · ');
  return (
    <>
      {channelLabel(credited.channel)}
      {detail && (
        <Text span size="xs" c="dimmed" className="truncate" title={detail}>
          {detail}
        </Text>
      )}
    </>
  );
}
