"""Sources with a ground truth: in a file of the same name, or in the other half of the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stylezoo.data.album import Album, Item
from stylezoo.data.crops import SOURCE
from stylezoo.data.domains import Pictures
from stylezoo.data.modes import DataMode, Read, checked_direction, train_folders
from stylezoo.errors import BadData, BadRecipe, name_all
from stylezoo.pictures import samples

OTHER_HALVES = Album("other halves")


class Paired(DataMode, name="paired"):
    """Each source has its ground truth: a file of the same name, or the other half of the same picture.

    Args:
        direction: For a data set of two halves, A and B: "AtoB" makes A the source, "BtoA" B.
    """

    def __init__(self, direction: str = "AtoB"):
        self.direction = checked_direction(direction)

    def laid_out(self, source, style):
        """As unpaired data; a folder ``train`` holds pictures with both halves side by side, as in pix2pix."""
        found = train_folders(source, style, self.direction)
        return found if found[1].is_given else (*(source.subfolders("train") or (source,)), style)

    def check(self, crops, two_way=False):
        """Both pictures of a pair must have the same crops."""
        super().check(crops, two_way)
        if crops.turn_style:
            raise BadRecipe(
                f"data is '{self.name}' and turn_style is true; it would take source and ground truth apart."
            )

    def complete(self, source, style):
        """The samples are photographs and pencil sketches of them: the sketches are the sources."""
        if not source.is_given and not style.is_given:
            pairs = zip(samples.sketches().values(), samples.photographs().values(), strict=True)
            return tuple(Album.of(list(pictures)) for pictures in zip(*pairs, strict=True))
        if not source.is_given:
            raise BadData(
                "This model learns from pairs: name a folder of pictures that show source and result side by side "
                "(--source), or two folders whose files have the same names (--source and --style)."
            )
        return source, style

    def domains(self, source, style, read):
        """Sources and their ground truths, in pairs."""
        if style.is_given:
            pairs, notes = _same_names(source, style)
            sources, styles = read_pairs(source, style, pairs, read)
            sources.notes += notes
            return sources, styles
        pairs = [item.halves("AB" if self.direction == "AtoB" else "BA") for item in source.items]
        return read_pairs(source, OTHER_HALVES, pairs, read)

    def batch(self, batches, numbers):
        """The same crops of both pictures of each pair."""
        return cut_pairs(batches, numbers)


def read_pairs(
    source: Album, style: Album, pairs: Sequence[tuple[Item, ...]], read: Read
) -> tuple[Pictures, dict[str, Pictures]]:
    """Sources and their ground truths as `Pictures` of the same length, without damaged pictures and their partners.

    Args:
        source: The album of the sources.
        style: The album of the ground truths.
        pairs: Pairs of their pictures.
        read: As in `DataMode.domains`.

    Raises:
        BadData: No pair can be used.
    """
    domains = [read(album, items=items) for album, items in zip((source, style), zip(*pairs, strict=True), strict=True)]
    places = [{id(item): i for i, item in enumerate(domain.items)} for domain in domains]
    whole = [[place.get(id(item)) for item, place in zip(pair, places, strict=True)] for pair in pairs]
    whole = [pair for pair in whole if None not in pair]
    if not whole:
        raise BadData(f"Of '{source}' not one pair can be used: {name_all(domains[0].skipped[:1])}")
    for domain, indices in zip(domains, zip(*whole, strict=True), strict=True):
        domain.keep(list(indices))
    return domains[0], {"": domains[1]}


def cut_pairs(batches, numbers):
    """The same crops of both pictures of each pair; a ground truth is scaled to the size of its source."""
    return (
        batches.cut(batches.source, SOURCE, numbers),
        batches.cut(batches.style, SOURCE, numbers, like=batches.source),
    )


def _same_names(source, style):
    """Pairs of pictures: the files of two folders that have the same name, two single pictures, or two lists.

    Also returns lines about files without a partner.
    """
    are_folders = [leaf.folder is not None for leaf in (*source.leaves, *style.leaves)]
    if are_folders == [True, True]:
        return _shared(source, style)
    if any(are_folders) or len(source.leaves) != len(style.leaves):
        raise BadData("Pairs are two folders, two pictures or two lists of as many pictures.")
    pairs = zip(source.items, style.items, strict=True)
    return [tuple(item.skippable() for item in pair) for pair in pairs], []


def _shared(source, style):
    leaves = [*source.leaves, *style.leaves]
    folders = [_by_name(leaf.folder, leaf.items) for leaf in leaves]
    pairs = [pair for name in folders[0] if name in folders[1] for pair in _of_one_name(*(f[name] for f in folders))]
    if not pairs:
        raise BadData(f"No picture in '{source}' has the name of one in '{style}', so that there are no pairs.")
    used = {id(item) for pair in pairs for item in pair}
    alone = [[item for item in leaf.items if id(item) not in used] for leaf in leaves]
    return pairs, [
        f"{len(items)} of {len(leaf.items)} pictures in '{leaf}' are left out, such as {items[0]}: there is no "
        "other of their name, or more than one."
        for leaf, items in zip(leaves, alone, strict=True)
        if items
    ]


def _of_one_name(sources, styles):
    """The pairs of files whose names differ in the suffix only: where there are several, those of equal suffixes."""
    if len(sources) == len(styles) == 1:
        return [(*sources, *styles)]
    suffixes = [[item.path.suffix.lower() for item in items] for items in (sources, styles)]
    once = [suffix for suffix in suffixes[0] if suffixes[0].count(suffix) == suffixes[1].count(suffix) == 1]
    return [(sources[suffixes[0].index(suffix)], styles[suffixes[1].index(suffix)]) for suffix in once]


def _by_name(folder: Path, items):
    """The files of a folder by their names in a data set: ``1_A.jpg`` and ``1_B.jpg`` belong together."""
    named = {}
    for item in items:
        name = item.path.relative_to(folder).with_suffix("")
        named.setdefault(name.with_name(name.name.removesuffix("_A").removesuffix("_B")), []).append(item)
    return named
