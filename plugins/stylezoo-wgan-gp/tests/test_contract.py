"""The loss keeps stylezoo's contract."""

from stylezoo.checks import parametrize_with_checks


@parametrize_with_checks("stylezoo-wgan-gp")
def test_contract(check):
    check()
