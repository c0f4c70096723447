"""The picture in docs/places/google.md is of what the engine is told."""

from tests.places.google.picture import BEGIN, END, PAGE, text


def test_the_picture_is_of_dev_as_it_is():
    told = PAGE.read_text().partition(BEGIN)[2].partition(END)[0].strip()
    assert told == text().strip(), "run `make docs`"
