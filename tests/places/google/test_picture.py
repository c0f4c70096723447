"""The picture in docs/places/google.md is of what the engine is told."""

from tests.places.google.picture import PAGE, text


def test_the_picture_is_of_dev_as_it_is():
    assert PAGE.told() == text().strip(), "run `make docs`"
