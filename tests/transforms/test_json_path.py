"""JSON paths, against what the Java library JsonPath (json-path 2.9.0) answers."""

from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.testing.strategies import json_values
from s3sink.transforms._json_path import JsonPath

DOCUMENT: dict[str, Any] = {
    "s": "text", "n": 5, "d": 1.5, "t": True, "f": False, "e": [], "nums": [1, 2, 3], "strs": ["a", "b"],
    "key": {"kind": "v1", "n": 2}, "arr": [{"a": "v1", "b": 1}, {"a": "x"}], "sn": "5", "one": 1.0, "big": 1e23,
    "@ts": 1, "a-b": 3, "d x": 4, "it": "it's", "nl": "a\nb",
}  # fmt: skip
ANSWERS: list[tuple[str, list[Any] | None]] = [
    ('$.key.kind', ['v1']), ('key.kind', ['v1']), ("$['key']['kind']", ['v1']), ('$["key"]["kind"]', ['v1']),
    ("$[ 'key' ].kind", ['v1']), ('@.n', [5]), ('$.@ts', [1]), ('$.a-b', [3]), ("$['d x']", [4]),
    ("$.['n']", [5]), ('$.arr[0].a', ['v1']), ('$.arr[-1].a', ['x']), ('$.arr.[0].b', [1]), ('$.nope', None),
    ('$.n.x', None), ('$.arr[9]', None), ('$.s[0]', None), ('$.arr.a', None), ('$.key[0:1]', None),
    ('$.nope[?(@.x == 1)]', None), ('$.arr[*].a', ['v1', 'x']), ('$.arr[0,1].a', ['v1', 'x']),
    ('$.arr[:1].a', ['v1']), ('$.arr[-1:].a', ['x']), ('$.key.*', ['v1', 2]), ('$.key[*]', ['v1', 2]),
    ('$.n.*', []), ('$.n..a', []), ('$..b', [1]), ('$..nope', []), ("$.arr[?(@.a == 'v1')].b", [1]),
    ('$.arr[?(@.b)].a', ['v1']), ('$.arr[?(!@.b)].a', ['x']), ('$.arr[*][?(@.b)].a', ['v1']),
    ('$.arr[?(@.b < $.n)].a', ['v1']), ('$.nums[?(@ > 1)]', [2, 3]), ('$.nums[?(@ == 2 || @==3)]', [2, 3]),
    ("$.key[?(@.kind == 'v1')].n", [2]), ("$.key[?(@.kind == 'v2')].n", []), ('$.key[?($.n == 5)].n', [2]),
    ('$[?(@.s == "text" && @.key.kind == \'v1\')].n', [5]), ("$[?(@.s == 'x' || @.n == 5 && @.d == 9)].n", []),
    ("$[?((@.s == 'text' || @.n == 7) && @.d == 9)].n", []), ('$[?( ! ( @.n == 6 ) )].n', [5]),
    ('$.[?(@.n)].n', [5]), ('$[?(@.n)][?(@.n<6)].n', [5]), ("$[?('text' == @.s)].n", [5]),
    ("$[?(@['d x'] == 4)].n", [5]), ("$[?(@.arr[0].a == 'v1')].n", [5]), ('$[?(@.n == 5.0)].n', [5]),
    ("$[?(@.n == '5')].n", [5]), ("$[?(@.n == '5.0')].n", [5]), ('$[?(@.sn == 5)].n', [5]),
    ('$[?(@.sn == 5.0)].n', []), ('$[?(@.sn === 5)].n', []), ('$[?(@.one === 1)].n', [5]),
    ("$[?(@.n !== '5')].n", [5]), ('$[?(@.big == 100000000000000000000000)].n', [5]),
    ('$[?(@.t == true)].n', [5]), ("$[?(@.t == 'true')].n", []), ('$[?(@.f)].n', [5]),
    ("$[?(@.key != 'x')].n", [5]), ('$[?(@.nums == [1,2,3])].n', [5]), ("$[?(@.n < '6')].n", []),
    ("$[?(@.s < 'u')].n", [5]), ('$[?(@.n >= -5e0)].n', [5]), ("$[?(@.it == 'it\\'s')].n", [5]),
    ("$[?(@.nl == 'a\\nb')].n", [5]), ('$[?(@.s =~ /t.*/)].n', [5]), ('$[?(@.s =~ /T.*/i)].n', [5]),
    ('$[?(@.s =~ /t/)].n', []), ('$[?(@.nl =~ /a.b/)].n', []), ('$[?(@.nl =~ /a.b/s)].n', [5]),
    ('$[?(@.n =~ /5/)].n', [5]), ('$[?(@.strs =~ /b/)].n', [5]), ("$[?(@.n in ['5', 6])].n", [5]),
    ('$[?(@.n IN [5])].n', [5]), ("$[?('a' in @.strs)].n", [5]), ('$[?(@.n nin [1,2])].n', [5]),
    ("$[?(@.n in 'x5')].n", []), ('$[?(@.n nin $.s)].n', []), ('$[?(@.nums contains 2)].n', [5]),
    ("$[?(@.s contains 'ex')].n", [5]), ("$[?(@.n contains '5')].n", []), ('$[?(@.nums anyof [2,9])].n', [5]),
    ('$[?(@.nums noneof [2,9])].n', []), ('$[?(@.nums subsetof [1,2,3,4])].n', [5]),
    ('$[?(!(@.n anyof [7]))].n', []), ('$[?(@.nums size 3)].n', [5]), ('$[?(@.s size 4)].n', [5]),
    ('$[?(@.e empty true)].n', [5]), ('$[?(@.s empty false)].n', [5]),
]  # fmt: skip

letters = st.sampled_from([*"$@.[]()?*'\"/\\ab01-,:=!<>&|~ ", "$.", "[?(@.", "')]", " == ", " in [", "=~ /a/", ".."])
documents = st.dictionaries(st.sampled_from("ab"), json_values)


@pytest.mark.parametrize(("path", "answer"), ANSWERS)
def test_a_path_leads_where_it_leads_in_java(path: str, answer: list[Any] | None) -> None:
    before = copy.deepcopy(DOCUMENT)
    assert JsonPath(path).find(DOCUMENT) == answer
    assert before == DOCUMENT


@pytest.mark.parametrize("path", [path for path, _ in ANSWERS])
def test_reading_a_definite_path_gives_what_finding_gives(path: str) -> None:
    ready = JsonPath(path)
    if ready.is_definite:
        assert ready.find(DOCUMENT) == (None if ready.read(DOCUMENT) is None else [ready.read(DOCUMENT)])


@pytest.mark.parametrize("test", [
    "@.z", "@.z == null", "@.z != null", "@.z != 'x'", "@.z nin ['x']", "@.z in [null]", "@.z < 1", "@.z =~ /.*/",
    "1 != @.z", "@.z == @.z", "@.z noneof [1]", "@.z.y != 1",
])  # fmt: skip
@pytest.mark.parametrize("document", [{"a": 1}, {"a": 1, "z": None}])
def test_in_a_filter_what_is_null_or_not_there_matches_nothing(test: str, document: dict[str, Any]) -> None:
    assert JsonPath(f"$[?({test})]").find(document) == []
    assert JsonPath(f"$[?(!({test}))]").find(document) == [document]


def test_what_is_there_is_not_null() -> None:
    assert JsonPath("$[?(@.a != null)].a").find({"a": 1}) == [1]
    assert JsonPath("$[?(@.a == null)].a").find({"a": 1}) == []


@pytest.mark.parametrize("path", ["$.z", "$.z.a", "$.z[*]", "$.z[?(@.a)]", "$.n[?(@.a)]", "$.s[0:1]", "$.key[0]"])
def test_a_definite_beginning_that_leads_to_null_or_nowhere_is_told_from_finding_nothing(path: str) -> None:
    assert JsonPath(path).find(DOCUMENT | {"z": None}) is None


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("", "a name is expected"), ("$.", "a name is expected"), ("$..", "a name is expected"), ("$n", "'.' or '['"),
        ("$.a b", "'.' or '['"), ("$.status == 'x'", "'.' or '['"), ("$.status=='x'", "'.' or '['"),
        ("$[a]", "a name in quotes"), ("$.a[", "a name in quotes"), ("$['a", "a name in quotes"), ("$.a[]", "quotes"),
        ("$['a','b']", "several names are not supported"), ("$.a.length()", "functions are not supported"),
        ("$[?]", "'(' is expected"), ("$[?@.a == 1]", "'(' is expected"), ("$[?()]", "a path, text, number"),
        ("$[?(@.a = 1)]", "an operator"), ("$[?(@.a ==)]", "a path, text"), ("$[?(@.a 5)]", "an operator"),
        ("$[?(@.a == 'x)]", "a path, text"), ("$[?(@.a == x)]", "a path, text"), ("$[?(@.a == 1]", "')' is expected"),
        ("$[?(@.a == 1))]", "']' is expected"), ("$[?(@.a == 1 and @.b == 2)]", "')' is expected"),
        ("$[?(@.a == 1 & @.b == 2)]", "')' is expected"), ("$[?(true)]", "an operator"),
        ("$[?(!@.a == 1)]", "stands in parentheses"), ("$[?(@.a[*] == 1)]", "only paths to one place"),
        ("$[?(@.a =~ 'x')]", "a regular expression"), ("$[?(@.a =~ /(/)]", "is no regular expression"),
        ("$[?(@.a =~ /x/u)]", "')' is expected"), ("$[?(@.a in [1 2])]", "',' is expected"),
    ],
)  # fmt: skip
def test_a_wrong_path_is_refused_with_its_place(path: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="at position") as caught:
        JsonPath(path)
    assert complaint in str(caught.value)


@given(st.lists(letters, max_size=25).map("".join), documents)
def test_any_text_is_refused_or_a_path_that_can_be_taken(text: str, document: dict[str, Any]) -> None:
    try:
        path = JsonPath(text)
    except ValueError:
        return
    before = copy.deepcopy(document)
    found = path.find(document)
    assert found is None or isinstance(found, list)
    assert document == before


@given(json_values, st.sampled_from(["==", "<", "<=", ">", ">=", "===", "in", "=~"]), json_values)
def test_members_of_any_kind_can_be_compared(left: Any, operator: str, right: Any) -> None:
    path = JsonPath(f"$[?(@.a {operator} {'/.*/' if operator == '=~' else '$.b'})]")
    assert path.find({"a": left, "b": right}) in ([], [{"a": left, "b": right}])


def test_values_that_only_schemas_know_are_numbers_or_equal_nothing() -> None:
    assert JsonPath("$[?(@.a == 0.10)].a").find({"a": Decimal("0.1")}) == [Decimal("0.1")]
    assert JsonPath("$[?(@.a == 0.1)].a").find({"a": 0.1}) == [0.1]
    for value in (date(2024, 1, 1), b"x", float("nan")):
        assert JsonPath("$[?(@.a == 'x' || @.a <= 1 || @.a > 1)]").find({"a": value}) == []
