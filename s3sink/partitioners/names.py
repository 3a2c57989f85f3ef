"""Month, day, half-day and era names for path patterns, as Java's locale data gives them."""

from __future__ import annotations

from typing import NamedTuple

from s3sink.partitioners.moment import Moment


class Names(NamedTuple):
    """The texts of one language. Days begin on Monday."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    halves: tuple[str, ...]
    eras: tuple[str, ...]

    def month(self, moment: Moment, full: bool) -> str:
        return (self.months if full else self.short_months)[moment.month - 1]

    def day(self, moment: Moment, full: bool) -> str:
        return (self.days if full else self.short_days)[moment.weekday - 1]

    def half(self, moment: Moment) -> str:
        return self.halves[moment.day_millis // 43_200_000]

    def era(self, moment: Moment) -> str:
        return self.eras[moment.year > 0]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SHORT_MONTHS = _words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
_SHORT_DAYS = _words("Mon Tue Wed Thu Fri Sat Sun")
_HANGUL_MONTHS = tuple(f"{n}월" for n in range(1, 13))
_HAN_MONTHS = tuple(f"{n}月" for n in range(1, 13))

# What Java has for a locale without data: `en_US`, `US` or `zz` as one-argument locales are such.
_ROOT = Names(_SHORT_MONTHS, _SHORT_MONTHS, _SHORT_DAYS, _SHORT_DAYS, ("AM", "PM"), ("BCE", "CE"))

_NAMES = {
    "en": Names(
        _words("January February March April May June July August September October November December"),
        _SHORT_MONTHS,
        _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        _SHORT_DAYS,
        ("AM", "PM"),
        ("BC", "AD"),
    ),
    "fr": Names(
        _words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        _words("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
        _words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        _words("lun. mar. mer. jeu. ven. sam. dim."),
        ("AM", "PM"),
        ("av. J.-C.", "ap. J.-C."),
    ),
    "ja": Names(
        _HAN_MONTHS,
        _HAN_MONTHS,
        _words("月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日"),
        tuple("月火水木金土日"),
        ("午前", "午後"),
        ("紀元前", "西暦"),
    ),
    "ko": Names(
        _HANGUL_MONTHS,
        _HANGUL_MONTHS,
        _words("월요일 화요일 수요일 목요일 금요일 토요일 일요일"),
        tuple("월화수목금토일"),
        ("오전", "오후"),
        ("BC", "AD"),
    ),
}

# Languages that Java has names for and this module has not: saying so beats another language in the path.
_UNKNOWN = frozenset(
    _words(
        "af am ar as az be bg bn bs ca cs cy da de el es et eu fa fi ga gl gu he hi hr hu hy id is it iw in ka kk km kn"
        " ky lo lt lv mk ml mn mr ms my nb ne nl nn no or pa pl ps pt ro ru si sk sl so sq sr sv sw ta te th tk tr uk"
        " ur uz vi yo zh zu"
    )
)


def names_for(locale: str) -> Names:
    """The names of a language such as `en` or `ko`; Java's root names for what Java does not know as a language.

    Raises ValueError for a language whose names are not here.
    """
    language = locale.strip().lower()
    if language in _UNKNOWN:
        raise ValueError(f"no month and day names for {locale!r} here: use numbers (MM, dd), or one of {_known()}")
    return _NAMES.get(language, _ROOT)


def _known() -> str:
    return ", ".join(sorted(_NAMES))
