"""The countries of economic events, by whatever word a calendar uses: code, currency or name."""

from __future__ import annotations

from typing import Final

_CODES: Final = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW
    BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI
    FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME
    MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
    PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE
    YT ZA ZM ZW EU
"""
"""ISO 3166-1 alpha-2, and EU for the euro area."""
_ISO_CODES: Final = frozenset(_CODES.split())
_OTHER_WORDS: Final = {
    "US": "USA USD U.S. U.S.A. UNITED_STATES UNITED_STATES_OF_AMERICA AMERICA",
    "EU": "EUR EA EZ EMU EURO_AREA EUROZONE EURO_ZONE EUROPEAN_UNION EUROPEAN_MONETARY_UNION",
    "GB": "GBR GBP UK U.K. UNITED_KINGDOM GREAT_BRITAIN BRITAIN",
    "JP": "JPN JPY JAPAN",
    "CN": "CHN CNY CNH CHINA",
    "DE": "DEU GERMANY",
    "FR": "FRA FRANCE",
    "IT": "ITA ITALY",
    "ES": "ESP SPAIN",
    "NL": "NLD NETHERLANDS",
    "CH": "CHE CHF SWITZERLAND",
    "CA": "CAN CAD CANADA",
    "AU": "AUS AUD AUSTRALIA",
    "NZ": "NZL NZD NEW_ZEALAND",
    "SE": "SWE SEK SWEDEN",
    "NO": "NOR NOK NORWAY",
    "DK": "DNK DKK DENMARK",
    "KR": "KOR KRW SOUTH_KOREA KOREA",
    "IN": "IND INR INDIA",
    "BR": "BRA BRL BRAZIL",
    "MX": "MEX MXN MEXICO",
    "ZA": "ZAF ZAR SOUTH_AFRICA",
    "TR": "TUR TRY TURKEY",
    "RU": "RUS RUB RUSSIA",
    "HK": "HKG HKD HONG_KONG",
    "SG": "SGP SGD SINGAPORE",
}
_BY_WORD: Final = {word: code for code, words in _OTHER_WORDS.items() for word in words.split()}


def country_of(word: str) -> str | None:
    """The code of the country that a calendar means; None if the word is not known."""
    plain = "_".join(word.upper().split())
    return plain if plain in _ISO_CODES else _BY_WORD.get(plain)
