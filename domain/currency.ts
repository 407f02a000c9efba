/**
 * The currencies that a wallet may have: the active codes of ISO 4217 (list one, without the X codes for metals, bond
 * units, testing and 'no currency'). A fixed list, so that a newer runtime never changes what a workflow accepts.
 */
const ACTIVE_CODES =
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP ' +
  'CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ' +
  'IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU ' +
  'MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG ' +
  'SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV ' +
  'WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG';

/** ISO 4217's minor units, where they are not the usual two: yen have none, and a dinar has a thousand fils. */
const WITHOUT_MINOR_UNIT = new Set('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' '));
const OF_THOUSANDTHS = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '));

declare const brand: unique symbol;
/** An active ISO 4217 code, upper case. */
export type Currency = string & { readonly [brand]: 'Currency' };

/** In alphabetical order. */
export const CURRENCIES = ACTIVE_CODES.split(' ') as readonly string[] as readonly Currency[];
const currencies: ReadonlySet<string> = new Set(CURRENCIES);

export function isCurrency(text: string): text is Currency {
  return currencies.has(text);
}

/** How many decimals an amount may have to be paid out: 2 for USD, 0 for JPY, 3 for KWD. */
export function minorUnits(currency: Currency): 0 | 2 | 3 {
  if (WITHOUT_MINOR_UNIT.has(currency)) return 0;
  return OF_THOUSANDTHS.has(currency) ? 3 : 2;
}
