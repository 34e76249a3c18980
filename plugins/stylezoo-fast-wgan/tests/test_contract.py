"""The model keeps stylezoo's contract."""

from stylezoo.checks import parametrize_with_checks


@parametrize_with_checks("stylezoo-fast-wgan")
def test_contract(check):
    check()
