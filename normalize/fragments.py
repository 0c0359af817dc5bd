"""Pieces that the patterns of layouts are made of. Digits are written `[0-9]`: the syntax shared by `re` on bytes and RE2."""

from __future__ import annotations

from .zones import ABBREVIATIONS

YEAR = "(?P<year>[0-9]{4})"
SHORT_YEAR = "(?P<year>[0-9]{2})"
MONTH = "(?P<month>[0-9]{2})"
DAY = "(?P<day>[0-9]{2})"
LOOSE_DAY = "(?P<day>[0-9]{1,2})"
NAME = "(?P<name>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))"
WEEKDAY = "(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? {1,2})"

HOURS = "(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
CLOCK = HOURS + ":(?P<second>[0-9]{2})"
FRACTION = "(?:[.,](?P<fraction>[0-9]+))?"
HALF = "(?: ?(?P<half>[AaPp]\\.?[Mm]\\.?))"
TIME = CLOCK + FRACTION + HALF + "?"

OFFSET = "(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?| [+-][0-9]{2}:?[0-9]{2}| Z)"
LETTERS = "(?P<zone> ?(?:" + "|".join(sorted(ABBREVIATIONS, key=lambda a: (-len(a), a))) + "))"
REGION = "[\\[ ](?P<zone>(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Za-z_/+-]+[0-9]*)"
ANY_ZONE = OFFSET.removesuffix(")") + "|" + LETTERS.removeprefix("(?P<zone>")
END = "(?:[^0-9A-Za-z]|$)"

# Where a stamp stands: at the start, perhaps in a bracket or behind a syslog priority; or behind words of a log header.
LEAD = "^[ \\t]*(?:<[0-9]{1,3}>(?:1 )?)?(?:#{2,4}<|[\\[(<|\"'*])?"
LEVEL = "(?i:trace|debug|verbose|info|information|notice|warn|warning|error|err|fatal|critical|crit|severe|panic|log|[tdinwefc])"
HOSTLIKE = "(?:[A-Za-z]*[0-9.:_/-][A-Za-z0-9.:_/-]* +)?"
HEADER = (
    "^[ \\t]*(?:<[0-9]{1,3}>)?" + HOSTLIKE + "(?:\\[[^\\[\\]\\n]*\\][ ,|:\\t]*"
    "|" + LEVEL + "[ ,|:\\t\\[]+|[0-9]+[ ,|:\\t]+|[A-Za-z_][A-Za-z0-9_.-]* *\\|[ \\t]*|-[ \\t]+){0,6}(?:[\\[(<|\"'])?"
)
SEPARATOR = "(?:[Tt_:/-]|,? {1,2}|\\t| [-|@] |T )"
