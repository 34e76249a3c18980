"""Both components keep stylezoo's contract."""

from stylezoo.checks import parametrize_with_checks


@parametrize_with_checks("stylezoo-fast-style")
def test_contract(check):
    check()
