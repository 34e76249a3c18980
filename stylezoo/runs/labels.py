"""What a file of another program says about the models in it: what they are, by whom, and under which licence."""

from stylezoo.errors import name_all
from stylezoo.runs import card


def labels(models) -> dict[str, str]:
    """Texts by their names, those that are known: title, description, license, lineage and sources.

    Args:
        models: Styles, run folders, ``.keras`` files or addresses.

    Raises:
        BadRun: There is no such model.
        MissingExtra: It is on a hub, and huggingface_hub is not installed.
    """
    cards = [card.read(each) for each in models]
    found = {
        "title": name_all(map(str, models)),
        "description": " ".join(each.about for each in cards),
        "license": "; ".join(dict.fromkeys(each.license for each in cards if each.license)),
        "lineage": " ".join(dict.fromkeys(identity for each in cards for identity in each.lineage)),
        "sources": "; ".join(dict.fromkeys(source for each in cards for source in each.sources)),
    }
    return {name: text.strip() for name, text in found.items() if text.strip()}
