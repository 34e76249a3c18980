"""A file of weights in HDF5, checked for references to other files before Keras reads it.

HDF5 can refer to other files: by external links, external datasets and virtual datasets. Keras refuses to read these,
but opens a linked file when it looks for groups. Here no link is followed.
"""

import io

import h5py

from stylezoo.errors import printable

DEEPEST = 100  # groups within groups
SLACK = 2**20  # bytes that a dataset may declare without storing them, for instance zeros
NUMBERS = (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM, h5py.h5t.OPAQUE)  # booleans are enumerations


def check(file) -> None:
    """Check that a file holds groups and numbers, nothing else, and stores as many numbers as it declares.

    Args:
        file: A path, or a binary file.

    Raises:
        ValueError: It does not; the message names the fault and its place.
        OSError: It is no HDF5 file, or it is damaged.
    """
    try:
        with h5py.File(file, "r") as opened:
            _check_group(opened.id, set())
    except (RuntimeError, KeyError, TypeError, OverflowError) as error:  # what h5py makes of errors of HDF5
        raise OSError(f"its weights cannot be read: {error}") from None


def groups(file) -> list[str]:
    """The names at the top of a file."""
    with h5py.File(file, "r") as opened:
        return list(opened)


def halved(file) -> bytes:
    """The content of a copy of a file, all its float32 numbers as float16; equal weights give equal bytes.

    The names that Keras notes at groups are left out: they count the layers of the process that wrote them.
    """
    copy = io.BytesIO()
    with h5py.File(file, "r") as opened, h5py.File(copy, "w") as new:

        def add(name, found):
            if isinstance(found, h5py.Group):
                new.create_group(name)
                return
            kept = found[()].astype("float16" if found.dtype == "float32" else found.dtype)
            new.create_dataset(name, data=kept).attrs.update(found.attrs)

        opened.visititems(add)
    return copy.getvalue()


def _check_group(group, seen, depth=0):
    if depth > DEEPEST:
        raise ValueError("its weights are nested too deeply")
    names = []
    group.links.iterate(lambda name: names.append(name) and None)
    for name in names:
        shown = printable(name.decode(errors="replace"))[:80]
        if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
            raise ValueError(f"its weights hold the link '{shown}' to elsewhere")
        found = h5py.h5o.open(group, name)
        if isinstance(found, h5py.h5d.DatasetID):
            _check_numbers(found, shown)
        elif not isinstance(found, h5py.h5g.GroupID):
            raise ValueError(f"its weights hold '{shown}', which is neither a group nor numbers")
        elif (address := h5py.h5o.get_info(found).addr) not in seen:  # a group may contain itself
            seen.add(address)
            _check_group(found, seen, depth + 1)


def _check_numbers(dataset, shown):
    made = dataset.get_create_plist()
    if made.get_external_count() or made.get_layout() == h5py.h5d.VIRTUAL:
        raise ValueError(f"the values of its weights '{shown}' lie in another file")
    if dataset.get_type().get_class() not in NUMBERS:
        raise ValueError(f"its weights '{shown}' are no numbers")
    declared = dataset.get_space().get_simple_extent_npoints() * dataset.get_type().get_size()
    if declared > dataset.get_storage_size() + SLACK:
        raise ValueError(f"its weights '{shown}' declare {declared} bytes and store {dataset.get_storage_size()}")
