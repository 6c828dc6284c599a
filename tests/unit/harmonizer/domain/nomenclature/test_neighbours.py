"""The quick search for slips finds what comparing with every word finds."""

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from harmonizer.domain.nomenclature.neighbours import MOST_OF_ONE_LETTER, Neighbours

WORDS = st.text("abc", min_size=1, max_size=12)


def by_comparing(words: list[str], word: str, most: int) -> list[tuple[str, int]]:
    found = []
    for letter in dict.fromkeys(word[:2]):
        near = [
            (other, OSA.distance(word, other))
            for other in sorted(words, key=len)
            if other[0] == letter and OSA.distance(word, other) <= most
        ]
        found += sorted(near, key=lambda pair: pair[1])[:MOST_OF_ONE_LETTER]
    return found


@given(st.lists(WORDS, unique=True, max_size=60), WORDS, st.sampled_from([1, 2]))
def test_the_quick_search_finds_what_comparing_with_every_word_finds(
    words: list[str], word: str, most: int
) -> None:
    assert Neighbours(words).near(word, most) == by_comparing(words, word, most)


@given(st.text("abcdefgh", min_size=4, max_size=14), st.data())
def test_every_slip_in_a_listed_word_is_found(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(word) - 2))
    letter = data.draw(st.sampled_from("abcdefgh"))
    slips = [
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ]
    neighbours = Neighbours([word])
    for slip in slips:
        assert [other for other, _ in neighbours.near(slip, 1)] == [word]
