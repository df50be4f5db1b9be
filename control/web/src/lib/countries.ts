/** Countries and languages as rules name them, and their names for people. */

/** The server’s list (ISO 3166-1, and XK for Kosovo); a test of the server compares the two. */
const COUNTRIES = `
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT
JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY
MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM
PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ
TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
`;

/** Languages that are offered; others, and other regions of these, can be set over the API and stay. */
const LANGUAGES = `
af am ar az be bg bn bs ca cs cy da de de-at de-ch el en en-au en-ca en-gb en-us es es-ar es-es es-mx et eu fa fi fil fr
fr-be fr-ca fr-ch ga gl gu he hi hr hu hy id is it it-ch ja ka kk km kn ko ky lo lt lv mk ml mn mr ms my nb ne nl nl-be
nn pa pl pt pt-br pt-pt ro ru si sk sl sq sr sv sw ta te th tr uk ur uz vi zh zh-cn zh-hk zh-tw zu
`;

const countryNames = new Intl.DisplayNames('en', { type: 'region' });
const languageNames = new Intl.DisplayNames('en', { type: 'language' });

export interface Option {
  value: string;
  label: string;
}

export const countryName = (code: string): string => countryNames.of(code) ?? code;

export function languageName(tag: string): string {
  try {
    return languageNames.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

export const countryOptions = (): Option[] => options(words(COUNTRIES), countryName);

/** The offered languages, and those that are chosen already. */
export const languageOptions = (chosen: string[]): Option[] =>
  options([...new Set([...words(LANGUAGES), ...chosen])], languageName);

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

function options(values: string[], nameOf: (value: string) => string): Option[] {
  return values
    .map((value) => ({ value, label: nameOf(value) }))
    .sort((one, other) => one.label.localeCompare(other.label));
}
