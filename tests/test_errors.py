import pytest

from stylezoo import errors

EVERY = [each for each in vars(errors).values() if isinstance(each, type)]


@pytest.mark.parametrize("error", EVERY)
def test_every_error_is_a_stylezoo_error(error):
    assert issubclass(error, errors.StylezooError)


@pytest.mark.parametrize("error", EVERY)
def test_usage_errors_end_with_2_and_failures_with_1(error):
    assert error.exit_code == (2 if issubclass(error, errors.UsageError) else 1)


@pytest.mark.parametrize("error", EVERY)
def test_the_tree_in_the_docstring_shows_every_error_below_its_parent(error):
    drawn = {}  # name -> depth and the name above it
    above = {}
    for line in errors.__doc__.splitlines():
        mark, _, rest = line.lstrip().partition(" ")
        if mark in ("*", "+"):
            depth = (len(line) - len(line.lstrip())) // 2
            above[depth] = rest.split()[0]
            drawn[rest.split()[0]] = above.get(depth - 1, "Exception")
    assert drawn[error.__name__] == error.__base__.__name__


def test_did_you_mean_names_the_closest():
    assert errors.did_you_mean("lsgna", ["bce", "lsgan", "hinge"]) == " Did you mean 'lsgan'?"


def test_did_you_mean_is_silent_when_nothing_is_close():
    assert errors.did_you_mean("zebra", ["bce", "lsgan"]) == ""


def test_name_all_keeps_the_order_and_says_when_there_is_none():
    assert errors.name_all(["b", "a", 3]) == "b, a, 3"
    assert errors.name_all([]) == "none"
    assert errors.name_all([], "nothing") == "nothing"


def test_a_message_is_one_line_without_control_characters_whatever_is_named_in_it():
    error = errors.StylezooError("'\x1b[31mred\x1b[0m\n\u202eevil\x9b\x07' is no \u2066name")
    assert str(error) == "'red evil' is no name"
    assert errors.BrokenPlugin("x", "a\nb\x1b[2J").reason == "a b[2J"


def test_letters_that_need_a_joiner_keep_it():
    assert (
        errors.printable("\u0645\u06cc\u200c\u062e \U0001f469\u200d\U0001f4bb")
        == "\u0645\u06cc\u200c\u062e \U0001f469\u200d\U0001f4bb"
    )


def test_a_long_message_keeps_its_beginning_and_what_to_do():
    message = str(errors.StylezooError(f"Begin {'x' * 10**6} do this."))
    assert len(message) < 2000
    assert message.startswith("Begin x")
    assert message.endswith("x do this.")
